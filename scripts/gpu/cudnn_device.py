"""Prints what cuDNN knows of GPU 0, as JSON that cuDNN reads again where there is no GPU, to plan for this one:
cudnn_device.py LIBCUDNN. A program of its own: what fails in the library ends no check."""
import ctypes
import sys

# Of cudnn_graph.h, since 9.8.
DEVICEPROP_DESCRIPTOR = 38
DEVICEPROP_DEVICE_ID = 2700
DEVICEPROP_JSON = 2702
TYPE_INT32, TYPE_CHAR = 23, 24


def main():
    cudnn = ctypes.CDLL(sys.argv[1])
    cudnn.cudnnGetErrorString.restype = ctypes.c_char_p

    def call(name, *arguments):
        status = getattr(cudnn, name)(*arguments)
        if status:
            sys.exit(f"{name}: {cudnn.cudnnGetErrorString(status).decode()}")

    device, number, size = ctypes.c_void_p(), ctypes.c_int32(0), ctypes.c_int64(0)
    one = ctypes.c_int64(1)
    call("cudnnBackendCreateDescriptor", DEVICEPROP_DESCRIPTOR, ctypes.byref(device))
    call("cudnnBackendSetAttribute", device, DEVICEPROP_DEVICE_ID, TYPE_INT32, one, ctypes.byref(number))
    call("cudnnBackendFinalize", device)
    call("cudnnBackendGetAttribute", device, DEVICEPROP_JSON, TYPE_CHAR, ctypes.c_int64(0), ctypes.byref(size), None)
    text = ctypes.create_string_buffer(size.value + 1)
    call("cudnnBackendGetAttribute", device, DEVICEPROP_JSON, TYPE_CHAR, size, ctypes.byref(size), text)
    print(text.value.decode())


if __name__ == "__main__":
    main()
