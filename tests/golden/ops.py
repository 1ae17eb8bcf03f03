"""The ops in PyTorch: one function for each, from the params and inputs of its header to torch. It returns the op's
outputs, None for one that PyTorch has no result for. `gradients` numbers the inputs whose gradient is recorded.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F

import cases

DTYPES = {"f32": torch.float32, "f64": torch.float64, "bf16": torch.bfloat16, "f16": torch.float16,
          "u8": torch.uint8, "i32": torch.int32, "i64": torch.int64}
OPS = {}


def op(gradients=()):
    def add(function):
        OPS[function.__name__] = (function, gradients)
        return function

    return add


def given(value, default):
    return default if value is None else value


def pair(value, default):
    return given(value, default if isinstance(default, list) else [default, default])


def pad_end(p):
    """A case that leaves it out means the same zeros at both ends."""
    return pair(p.pad_end, pair(p.pad, 0))


def axes(bits, ndim):
    return tuple(i for i in range(ndim) if bits is None or bits >> i & 1 or bits >> (i - ndim & 31) & 1)


def activate(kind, x):
    return {"relu": F.relu, "sigmoid": torch.sigmoid, "tanh": torch.tanh, "linear": lambda v: v}[given(kind, "linear")](x)


# ---- conv --------------------------------------------------------------------------------------------------------------


def around(pad, end):
    """What F.pad takes: the last dimension first."""
    return [zeros for both in zip(reversed(pad), reversed(end)) for zeros in both]


def conv(function, p, x, w, bias):
    ones, zeros = [1] * (x.ndim - 2), [0] * (x.ndim - 2)
    pad = given(p.pad, zeros)
    end = given(p.pad_end, pad)
    if pad != end:
        x, pad = F.pad(x, around(pad, end)), zeros
    y = function(x, w, bias, given(p.stride, ones), pad, given(p.dilation, ones), given(p.groups, 1))
    return activate(p.activation, y)


@op(gradients=(0, 1, 2))
def conv2d(p, x, w, bias=None):
    return conv(F.conv2d, p, x, w, bias)


@op(gradients=(0, 1, 2))
def conv3d(p, x, w, bias=None):
    return conv(F.conv3d, p, x, w, bias)


@op(gradients=(0, 1, 2))
def conv2d_transpose(p, x, w, bias=None):
    pad, end = pair(p.pad, 0), pad_end(p)
    even = pad == end
    y = F.conv_transpose2d(x, w, bias, pair(p.stride, 1), pad if even else 0, pair(p.output_pad, 0),
                           given(p.groups, 1), pair(p.dilation, 1))
    if not even:
        y = y[:, :, pad[0]:y.shape[2] - end[0], pad[1]:y.shape[3] - end[1]]
    return activate(p.activation, y)


# ---- linear ------------------------------------------------------------------------------------------------------------


@op(gradients=(0, 1, 2))
def matmul(p, a, b, c=None):
    a = a.mT if p.transpose_a else a
    b = b.mT if p.transpose_b else b
    y = given(p.alpha, 1) * torch.matmul(a, b)
    return y if c is None else y + given(p.beta, 1) * c


@op(gradients=(0, 1, 2))
def dense(p, x, w, bias=None):
    return activate(p.activation, F.linear(x, w, bias))


# ---- elementwise -------------------------------------------------------------------------------------------------------


@op(gradients=(0,))
def unary(p, x):
    alpha, beta = p.alpha, p.beta
    return {
        "linear": lambda: x * 1,
        "step": lambda: torch.where(torch.isnan(x), x, (x > 0).to(x)).detach(),  # not PyTorch's; of NaN, NumPy's
        "sigmoid": lambda: torch.sigmoid(x),
        "tanh": lambda: torch.tanh(x),
        "relu": lambda: F.relu(x),
        "leaky_relu": lambda: F.leaky_relu(x, given(alpha, 0.01)),
        "elu": lambda: F.elu(x, given(alpha, 1.0)),
        "selu": lambda: F.selu(x),
        "gelu": lambda: F.gelu(x),
        "gelu_tanh": lambda: F.gelu(x, approximate="tanh"),
        "silu": lambda: F.silu(x),
        "softplus": lambda: F.softplus(x, given(alpha, 1.0)),
        "softsign": lambda: F.softsign(x),
        "hard_sigmoid": lambda: F.hardtanh(given(alpha, 1 / 6) * x + given(beta, 0.5), 0, 1),
        "hard_swish": lambda: F.hardswish(x),
        "clip": lambda: torch.clamp(x, alpha, beta),
        "exp": lambda: torch.exp(x),
        "log": lambda: torch.log(x),
        "sqrt": lambda: torch.sqrt(x),
        "abs": lambda: torch.abs(x),
        "neg": lambda: torch.neg(x),
        "square": lambda: torch.square(x),
        "sin": lambda: torch.sin(x),
        "cos": lambda: torch.cos(x),
        "stop_gradient": lambda: x.detach(),
    }[given(p.kind, "linear")]()


@op(gradients=(0, 1))
def prelu(p, x, slope):
    return F.prelu(x, slope)


@op(gradients=(0, 1))
def binary(p, a, b):
    y = {"add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div, "pow": torch.pow,
         "minimum": torch.minimum, "maximum": torch.maximum, "equal": torch.eq, "not_equal": torch.ne, "less": torch.lt,
         "less_equal": torch.le, "greater": torch.gt, "greater_equal": torch.ge}[given(p.kind, "add")](a, b)
    return y.to(a)


# ---- reduce ------------------------------------------------------------------------------------------------------------


@op(gradients=(0,))
def reduce(p, x):
    dims, keep = axes(p.axes, x.ndim), bool(p.keep_dims)
    return {
        "sum": lambda: torch.sum(x, dims, keep),
        "mean": lambda: torch.mean(x, dims, keep),
        "max": lambda: torch.amax(x, dims, keep),
        "min": lambda: torch.amin(x, dims, keep),
        "l1": lambda: torch.linalg.vector_norm(x, 1, dims, keep),
        "l2": lambda: torch.linalg.vector_norm(x, 2, dims, keep),
    }[given(p.kind, "sum")]()


@op(gradients=(0,))
def cumsum(p, x):
    return torch.cumsum(x, given(p.axis, -1))


@op(gradients=(0,))
def topk(p, x):
    y, indices = torch.topk(x, given(p.k, 1), given(p.axis, -1), not p.smallest)
    return y, indices


@op()
def argmax(p, x):
    return torch.argmax(x, given(p.axis, -1), bool(p.keep_dims))


@op(gradients=(0,))
def softmax(p, x):
    return (F.log_softmax if p.log else F.softmax)(x, given(p.axis, -1))


# ---- movement ----------------------------------------------------------------------------------------------------------


def per_dimension(value, ndim, default):
    """A list that ends early goes on with the default."""
    return (given(value, []) + [default] * ndim)[:ndim]


@op(gradients=(0,))
def reshape(p, x):
    return torch.reshape(x, p.shape or ())


@op(gradients=(0,))
def transpose(p, x):
    return x.permute(given(p.permutation, list(range(x.ndim))[::-1])[:x.ndim])


@op(gradients=range(32))
def concat(p, *x):
    return torch.cat(x, given(p.axis, 0))


@op(gradients=(0,))
def slice(p, x):
    bounds = zip(per_dimension(p.start, x.ndim, 0), per_dimension(p.stop, x.ndim, None), per_dimension(p.step, x.ndim, 1))
    return x[tuple(np.s_[start:stop:step] for start, stop, step in bounds)]


@op(gradients=(0,))
def cast(p, x):
    return x.to(DTYPES[given(p.dtype, "f32")])


@op(gradients=(0,))
def pad(p, x):
    ends = zip(per_dimension(p.before, x.ndim, 0), per_dimension(p.after, x.ndim, 0))
    return F.pad(x, [v for before_after in list(ends)[::-1] for v in before_after], value=given(p.value, 0))


@op(gradients=(0,))
def expand(p, x):
    return x.expand(p.shape or ())


@op(gradients=(0,))
def gather(p, x, indices):
    axis = given(p.axis, 0) % x.ndim
    if p.has_padding:
        assert axis == 0
        return F.embedding(indices, x, padding_idx=p.padding_index)
    y = torch.index_select(x, axis, indices.reshape(-1) % x.shape[axis])
    return y.reshape(x.shape[:axis] + indices.shape + x.shape[axis + 1:])


@op()
def take_batch(p, samples, order, position, table=None):
    taken = samples[order[int(position) : int(position) + p.batch]]
    if table is None:
        return taken
    parts = taken.reshape(p.batch, table.shape[0], -1).long()
    part = torch.arange(table.shape[0]).reshape(1, -1, 1)
    return table[part, parts].reshape(taken.shape)


@op()
def increment(p, x):
    return x + torch.tensor((list(p.by) + [0] * 4)[: x.shape[0]] if p.by else [0] * x.shape[0])


@op()
def one_hot(p, indices):
    hot = F.one_hot(indices.long() % p.classes, p.classes)
    return torch.where(hot > 0, given(p.on, 1.0), float(given(p.off, 0))).to(DTYPES[given(p.dtype, "f32")])


# ---- sequences ---------------------------------------------------------------------------------------------------------


@op()
def sequence_lengths(p, x):
    kept = (x != given(p.padding, 0)).reshape(*x.shape[:2], -1).any(2)
    kept = kept if p.batch_first else kept.mT
    return (kept * torch.arange(1, kept.shape[1] + 1)).amax(1).int()


@op(gradients=(0,))
def mask_steps(p, x, lengths):
    """Through a packed sequence, which has at least one step."""
    first, time = bool(p.batch_first), 1 if p.batch_first else 0
    packed = torch.nn.utils.rnn.pack_padded_sequence(x, lengths.clamp(min=1).long(), first, enforce_sorted=False)
    y, _ = torch.nn.utils.rnn.pad_packed_sequence(packed, first, given(p.value, 0), x.shape[time])
    empty = (lengths == 0).unsqueeze(time).reshape([-1 if i == 1 - time else 1 for i in range(x.ndim)])
    return torch.where(empty, float(given(p.value, 0)), y)


# ---- random ------------------------------------------------------------------------------------------------------------


def random_words(p, step, count):
    return torch.from_numpy(cases.philox(given(p.seed, 0), given(p.stream, 0), step, count).astype(np.int64))


@op(gradients=(0,))
def dropout(p, x, step=None):
    words = random_words(p, 0 if step is None else int(step) % 2**32, x.numel()).reshape(x.shape)
    return torch.where(words >= given(p.p, 0) * 2.0**32, x / (1 - given(p.p, 0)), 0.0)


def normals(p, step, count):
    words = random_words(p, step, 2 * count).double()
    radius = torch.sqrt(-2 * torch.log((words[0::2] + 0.5) / 2**32))
    angle = 2 * math.pi * words[1::2] / 2**32
    return radius * torch.cos(angle), radius * torch.sin(angle)


@op()
def random_fill(p):
    count = math.prod(p.shape or ())
    mean, std = given(p.mean, 0), given(p.std, 1)
    if given(p.kind, "uniform") == "uniform":
        low, high = given(p.low, 0), given(p.high, 1)
        y = low + (high - low) * torch.floor(random_words(p, 0, count).double() / 2**8) / 2**24
    elif p.kind == "normal":
        y = mean + std * torch.stack(normals(p, 0, (count + 1) // 2), 1).reshape(-1)[:count]
    else:
        z, step = torch.full((count,), math.inf, dtype=torch.float64), 0
        while torch.any(torch.abs(z) > 2):
            step += 1
            z = torch.where(torch.abs(z) > 2, normals(p, step, count)[0], z)
        y = mean + std * z
    return y.reshape(p.shape or ()).to(DTYPES[given(p.dtype, "f32")])


# ---- pool --------------------------------------------------------------------------------------------------------------


@op(gradients=(0,))
def max_pool2d(p, x):
    kernel = pair(p.kernel, 1)
    window = [kernel, pair(p.stride, kernel), pair(p.pad, 0), pair(p.dilation, 1), bool(p.ceil_mode)]
    pad, end = pair(p.pad, 0), pad_end(p)
    if pad == end:
        return F.max_pool2d(x, *window, return_indices=True)
    window[2] = [0, 0]
    y, at = F.max_pool2d(F.pad(x, (pad[1], end[1], pad[0], end[0]), value=-math.inf), *window, return_indices=True)
    width = x.shape[3] + pad[1] + end[1]  # indices count in the padded plane
    return y, (at // width - pad[0]) * x.shape[3] + at % width - pad[1]


@op(gradients=(0,))
def avg_pool2d(p, x):
    kernel, stride, pad, end = pair(p.kernel, 1), pair(p.stride, pair(p.kernel, 1)), pair(p.pad, 0), pad_end(p)
    if pad == end:
        return F.avg_pool2d(x, kernel, stride, pad, bool(p.ceil_mode), bool(p.count_include_pad))

    def padded_sums(v):
        return F.avg_pool2d(F.pad(v, (pad[1], end[1], pad[0], end[0])), kernel, stride, divisor_override=1)

    assert not p.ceil_mode
    divisor = kernel[0] * kernel[1] if p.count_include_pad else padded_sums(torch.ones_like(x))
    return padded_sums(x) / divisor


@op(gradients=(0,))
def max_pool3d(p, x):
    assert p.pad_end is None or p.pad_end == p.pad
    return F.max_pool3d(x, p.kernel, given(p.stride, p.kernel), given(p.pad, 0), given(p.dilation, 1),
                        bool(p.ceil_mode), return_indices=True)


@op(gradients=(0,))
def avg_pool3d(p, x):
    assert p.pad_end is None or p.pad_end == p.pad
    return F.avg_pool3d(x, p.kernel, given(p.stride, p.kernel), given(p.pad, 0), bool(p.ceil_mode),
                        bool(p.count_include_pad))


@op(gradients=(0,))
def interpolate(p, x):
    if given(p.mode, "nearest") == "linear":
        corners = p.coordinates == "align_corners"
        return F.interpolate(x, p.size, mode=["linear", "bilinear", "trilinear"][x.ndim - 3], align_corners=corners)
    return F.interpolate(x, p.size, mode="nearest" if p.coordinates == "asymmetric" else "nearest-exact")


@op(gradients=(0,))
def adaptive_avg_pool2d(p, x):
    return F.adaptive_avg_pool2d(x, p.size)


@op(gradients=(0,))
def adaptive_max_pool2d(p, x):
    return F.adaptive_max_pool2d(x, p.size, return_indices=True)


# ---- norm --------------------------------------------------------------------------------------------------------------


def moments(x, dims, epsilon):
    mean, var = x.mean(dims), x.var(dims, correction=0)
    return mean, torch.rsqrt(var + epsilon)


@op(gradients=(0, 1, 2, 5))
def batchnorm(p, x, weight=None, bias=None, running_mean=None, running_var=None, residual=None):
    channels, dims = x.shape[1], [i for i in range(x.ndim) if i != 1]
    momentum, epsilon = given(p.momentum, 0.1), given(p.epsilon, 1e-5)
    new_mean = torch.zeros(channels).to(x) if running_mean is None else running_mean.clone()
    new_var = torch.ones(channels).to(x) if running_var is None else running_var.clone()
    old_var = new_var.clone()
    y = F.batch_norm(x, new_mean, new_var, weight, bias, True, momentum, epsilon)
    if p.population:
        new_var = (1 - momentum) * old_var + momentum * x.var(dims, correction=0)
    y = activate(p.activation, y if residual is None else y + residual)
    return y, *moments(x, dims, epsilon), new_mean, new_var


@op(gradients=(0, 1, 2))
def batchnorm_inference(p, x, weight, bias, mean, var):
    return F.batch_norm(x, mean, var, weight, bias, False, 0, given(p.epsilon, 1e-5))


@op(gradients=(0, 1, 2))
def layernorm(p, x, weight=None, bias=None):
    dims, epsilon = given(p.dims, 1), given(p.epsilon, 1e-5)
    y = F.layer_norm(x, x.shape[x.ndim - dims:], weight, bias, epsilon)
    return y, *moments(x, list(range(x.ndim - dims, x.ndim)), epsilon)


@op(gradients=(0, 1, 2))
def groupnorm(p, x, weight=None, bias=None):
    groups, epsilon = given(p.groups, 1), given(p.epsilon, 1e-5)
    y = F.group_norm(x, groups, weight, bias, epsilon)
    return y, *moments(x.reshape(x.shape[0], groups, -1), 2, epsilon)


# ---- loss --------------------------------------------------------------------------------------------------------------


def reduction(p):
    return given(p.reduction, "mean")


@op(gradients=(0,))
def loss(p, prediction, target, weight=None):
    terms = {
        "mse": lambda: F.mse_loss(prediction, target, reduction="none"),
        "mae": lambda: F.l1_loss(prediction, target, reduction="none"),
        "huber": lambda: F.huber_loss(prediction, target, reduction="none", delta=given(p.delta, 1.0)),
        "bce": lambda: F.binary_cross_entropy(prediction, target, reduction="none"),
        "bce_logits": lambda: F.binary_cross_entropy_with_logits(prediction, target, reduction="none"),
        "kl": lambda: F.kl_div(prediction, target, reduction="none", log_target=bool(p.log_target)),
    }[given(p.kind, "mse")]()
    if weight is not None:
        terms = terms * (weight if weight.shape == terms.shape else weight.reshape([-1] + [1] * (terms.ndim - 1)))
    return {"mean": torch.mean, "sum": torch.sum, "none": lambda v: v}[reduction(p)](terms)


@op(gradients=(0,))
def cross_entropy(p, x, target, class_weight=None):
    ignore = p.ignore_index if p.ignore else -100
    source = p.get("from", "logits")
    target = target if target.is_floating_point() else target.long()
    if source == "probabilities":
        x = torch.log(torch.clamp(x, 1e-7, 1))
    if source == "logits":
        return F.cross_entropy(x, target, class_weight, ignore_index=ignore, reduction=reduction(p),
                               label_smoothing=given(p.label_smoothing, 0))
    if not target.is_floating_point() and not p.label_smoothing:
        return F.nll_loss(x, target, class_weight, ignore_index=ignore, reduction=reduction(p))
    return cross_entropy_by_formula(p, x, target, class_weight, ignore)


def cross_entropy_by_formula(p, log_p, target, class_weight, ignore):
    """nll_loss takes neither probabilities nor smoothing."""
    classes = log_p.shape[1]
    weight = torch.ones(classes).to(log_p) if class_weight is None else class_weight
    weight = weight.reshape([1, -1] + [1] * (log_p.ndim - 2))
    whole = not target.is_floating_point()
    kept = target != ignore if whole else torch.ones_like(log_p[:, 0], dtype=torch.bool)
    t = F.one_hot(torch.where(kept, target, 0), classes).movedim(-1, 1).to(log_p) if whole else target
    q = weight * ((1 - given(p.label_smoothing, 0)) * t + given(p.label_smoothing, 0) / classes)
    terms = torch.where(kept, -(q * log_p).sum(1), 0)
    if reduction(p) == "none":
        return terms
    divisor = (weight * t).sum(1)[kept].sum() if whole else terms.numel()
    return terms.sum() / divisor if reduction(p) == "mean" else terms.sum()


# ---- optimizer: STEPS steps; inputs is called with the number of the step, from 1 ---------------------------------------


def descend(p, steps, make, states):
    """The parameter and the states after each step, from zeros."""
    param = steps[0][0].clone().requires_grad_()
    optimizer = make([param])
    if isinstance(optimizer, torch.optim.SGD) and p.momentum:  # PyTorch starts with the first gradient, undampened
        optimizer.state[param]["momentum_buffer"] = torch.zeros_like(param)
    results = []
    for inputs in steps:
        param.grad = inputs[1] + given(p.l1, 0) * torch.sign(param.detach())
        optimizer.step()
        results.append([param.detach().clone()] + [optimizer.state[param][key].clone() if key else None for key in states])
    return [None if result[0] is None else torch.stack(result) for result in zip(*results)]


@op()
def sgd(p, steps):
    return descend(p, steps, lambda params: torch.optim.SGD(
        params, float(steps[0][2]), given(p.momentum, 0), given(p.dampening, 0), given(p.weight_decay, 0), nesterov=bool(p.nesterov)),
        ["momentum_buffer"] if p.momentum else [None])


@op()
def adagrad(p, steps):
    return descend(p, steps, lambda params: torch.optim.Adagrad(
        params, float(steps[0][2]), weight_decay=given(p.weight_decay, 0), eps=given(p.epsilon, 1e-10)), ["sum"])


@op()
def rmsprop(p, steps):
    return descend(p, steps, lambda params: torch.optim.RMSprop(
        params, float(steps[0][2]), given(p.alpha, 0.99), given(p.epsilon, 1e-8), given(p.weight_decay, 0),
        given(p.momentum, 0), bool(p.centered)),
        ["square_avg", "momentum_buffer" if p.momentum else None, "grad_avg" if p.centered else None])


@op()
def adam(p, steps):
    kind = torch.optim.AdamW if p.decoupled else torch.optim.Adam
    return descend(p, steps, lambda params: kind(
        params, float(steps[0][2]), (given(p.beta1, 0.9), given(p.beta2, 0.999)), given(p.epsilon, 1e-8),
        given(p.weight_decay, 0)),
        ["exp_avg", "exp_avg_sq"])


@op()
def clip_by_norm(p, g):
    g = torch.nn.Parameter(g)
    g.grad = g.detach().clone()
    norm = torch.nn.utils.clip_grad_norm_([g], p.max_norm)
    return g.grad, norm


# ---- metric ------------------------------------------------------------------------------------------------------------


@op()
def accuracy(p, prediction, target, counts):
    if p.binary:
        threshold = given(p.threshold, 0.5)
        right = ((torch.sigmoid(prediction) if p.logits else prediction) > threshold) == (target > 0.5)
    else:
        target = torch.argmax(target, 1) if target.is_floating_point() else target
        best = torch.topk(prediction, given(p.k, 1), 1).indices
        right = (best == target.unsqueeze(1)).any(1)
    kept = target != p.ignore_index if p.ignore else torch.ones_like(right)
    return counts + torch.stack([(right & kept).sum(), kept.sum()])


@op()
def confusion_matrix(p, prediction, target, matrix):
    matrix = matrix.clone()
    counts = ((target != p.ignore_index) if p.ignore else torch.ones_like(target)).to(matrix)
    return matrix.index_put((target.long(), torch.argmax(prediction, 1)), counts, accumulate=True)


@op(gradients=(1, 2))
def where(p, condition, a, b):
    return torch.where(condition != 0, a, b)


@op()
def check_finite(p, x, step, failed, y=None):
    finite = torch.isfinite(x).all() and (y is None or torch.isfinite(y).all())
    return failed if failed != 0 or finite else step


@op()
def accumulate(p, value, weight, sums):
    total = torch.tensor(given(p.weight, 1.0), dtype=torch.float64) if weight is None else weight.sum()
    return sums + torch.stack([given(p.factor, 1.0) * value.double().sum(), total])


# ---- rnn ---------------------------------------------------------------------------------------------------------------

RNN_WEIGHTS = 6  # w_ih, w_hh, b_ih, b_hh, w_hr, peephole


def rnn_cell(p, x, h, c, w):
    """What PyTorch's layers do not have, in torch's functions: one step with peepholes, a clip, or the reset in front."""
    w_ih, w_hh, b_ih, b_hh, w_hr, peephole = w
    if p.cell == "rnn_gru":
        a, (hr, hz, hn) = F.linear(x, w_ih, b_ih).chunk(3, -1), w_hh.chunk(3)
        br, bz, bn = b_hh.chunk(3) if b_hh is not None else (None, None, None)
        r, z = torch.sigmoid(a[0] + F.linear(h, hr, br)), torch.sigmoid(a[1] + F.linear(h, hz, bz))
        n = torch.tanh(a[2] + F.linear(r * h, hn, bn))
        return (1 - z) * n + z * h, c
    i, f, g, o = (F.linear(x, w_ih, b_ih) + F.linear(h, w_hh, b_hh)).chunk(4, -1)
    p_i, p_f, p_o = peephole if peephole is not None else (0, 0, 0)
    c_new = torch.sigmoid(f + p_f * c) * c + torch.sigmoid(i + p_i * c) * torch.tanh(g)
    if p.cell_clip:
        c_new = c_new.clamp(-p.cell_clip, p.cell_clip)
    h = torch.sigmoid(o + p_o * c_new) * torch.tanh(c_new)
    return (F.linear(h, w_hr) if w_hr is not None else h), c_new


def rnn_layer(p, x, h, c, w):
    """One sequence [T,1,I] in one direction, forwards: y, h, c."""
    if p.reset_before or p.cell_clip or w[5] is not None:
        steps = []
        for x_t in x:
            h, c = rnn_cell(p, x_t, h, c, w)
            steps.append(h)
        return torch.stack(steps), h, c
    flat, bias = [v for v in w[:5] if v is not None], w[2] is not None
    if p.cell == "rnn_lstm":
        y, h, c = torch._VF.lstm(x, (h[None], c[None]), flat, bias, 1, 0.0, True, False, False)
        return y, h[0], c[0]
    layer = {"rnn_gru": torch._VF.gru, "rnn_relu": torch._VF.rnn_relu}.get(p.cell, torch._VF.rnn_tanh)
    y, h = layer(x, h[None], flat, bias, 1, 0.0, True, False, False)
    return y, h[0], c


@op(gradients=(0, 1, 2, *range(4, 4 + 2 * RNN_WEIGHTS)))
def rnn(p, x, h0, c0, lengths, *weights):
    """One sequence and direction after the other, cut to its length: what packing them does."""
    weights = [*weights, *[None] * (2 * RNN_WEIGHTS - len(weights))]
    if p.batch_first:
        x = x.transpose(0, 1)
    steps, batch = x.shape[:2]
    ys, hs, cs = [], [], []
    for d, way in enumerate({"rnn_reverse": [-1], "rnn_both": [1, -1]}.get(p.direction, [1])):
        w = weights[d * RNN_WEIGHTS:(d + 1) * RNN_WEIGHTS]
        outputs = w[4].shape[0] if w[4] is not None else w[1].shape[1]
        rows = []
        for n in range(batch):
            length = steps if lengths is None else int(lengths[n])
            h = h0[d, n:n + 1] if h0 is not None else torch.zeros(1, outputs)
            c = c0[d, n:n + 1] if c0 is not None else torch.zeros(1, w[0].shape[0] // 4)
            y = torch.zeros(0, 1, outputs)
            if length:
                part = x[:length, n:n + 1]
                y, h, c = rnn_layer(p, part.flip(0) if way < 0 else part, h, c, w)
                y = y.flip(0) if way < 0 else y
            rows.append((F.pad(y, (0, 0, 0, 0, 0, steps - length)), h, c))
        y, h, c = (torch.cat(parts, dim) for parts, dim in zip(zip(*rows), (1, 0, 0)))
        ys.append(y), hs.append(h), cs.append(c)
    y = torch.cat(ys, -1)
    return y.transpose(0, 1) if p.batch_first else y, torch.stack(hs), torch.stack(cs) if p.cell == "rnn_lstm" else None
