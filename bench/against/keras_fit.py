#!/usr/bin/env python3
"""Keras's side of bench/peers, on TensorFlow or, without it, on PyTorch: the MNIST notebook of the Keras documentation.

keras_fit.py --version
keras_fit.py --serve FOLDER --threads N   answers:
    losses N      trains N batches in order, without dropout, from the initial weights: their losses
    epoch_steps   the steps of an epoch
    epochs N      fit with N epochs, shuffled, with dropout: its seconds
"""
import argparse
import importlib.util
import os
import time

import conversation
import safetensors_file

os.environ.setdefault("KERAS_BACKEND", "tensorflow" if importlib.util.find_spec("tensorflow") else "torch")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def set_threads(n):
    """Before the backend starts."""
    if os.environ["KERAS_BACKEND"] == "tensorflow":
        import tensorflow as tf
        tf.config.threading.set_intra_op_parallelism_threads(n)
        tf.config.threading.set_inter_op_parallelism_threads(n)  # its kernels flush denormals by themselves
    else:
        import torch
        torch.set_flush_denormal(True)
        torch.set_num_threads(n)


class Notebook:
    def __init__(self, folder):
        data = safetensors_file.read(os.path.join(folder, "data.safetensors"))
        self.batch = int(folder.rsplit(":", 1)[1])
        self.x, self.y = data["x"].reshape(len(data["x"]), -1), data["y"]
        self.weights = safetensors_file.read(os.path.join(folder, "weights.safetensors"))
        self.fitted = None

    def model(self, p):
        import keras
        layers = [keras.Input((784,)), keras.layers.Dense(512, "relu"), keras.layers.Dropout(p),
                  keras.layers.Dense(512, "relu"), keras.layers.Dropout(p), keras.layers.Dense(10)]
        model = keras.Sequential(layers)
        for layer, name in zip((layers[1], layers[3], layers[5]), ("dense", "dense_1", "dense_2")):
            layer.set_weights([self.weights[f"{name}.weight"].T, self.weights[f"{name}.bias"]])
        # Keras adds epsilon below the root, the others behind it: its square is the same but for gradients near it.
        optimizer = keras.optimizers.RMSprop(1e-3, rho=0.9, epsilon=1e-7**2)
        model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True), optimizer=optimizer)
        return model

    def losses(self, n):
        model, out = self.model(0.0), []
        for i in range(int(n)):
            part = slice(i * self.batch, (i + 1) * self.batch)
            out.append(float(model.train_on_batch(self.x[part], self.y[part])))
            model.reset_metrics()
        return [f"{loss:.9g}" for loss in out]

    def epoch_steps(self):
        return [len(self.x) // self.batch]

    def epochs(self, n):
        self.fitted = self.fitted or self.model(0.2)
        start = time.perf_counter()
        self.fitted.fit(self.x, self.y, batch_size=self.batch, epochs=int(n), verbose=0)
        return [f"{time.perf_counter() - start:.9f}"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--version", action="store_true")
    parser.add_argument("--serve")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    if args.version:
        import keras
        backend = importlib.import_module(keras.backend.backend())
        print(f"{keras.__version__} on {keras.backend.backend()} {backend.__version__}")
    if args.serve:
        set_threads(args.threads)
        notebook = Notebook(args.serve)
        conversation.serve({"losses": notebook.losses, "epoch_steps": notebook.epoch_steps, "epochs": notebook.epochs})


if __name__ == "__main__":
    main()
