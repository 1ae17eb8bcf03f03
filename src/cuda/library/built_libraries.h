/* NVIDIA's libraries in this build: what is in GLI_IF_X(...) vanishes where the header of X was not found. */
#ifndef GLI_CUDA_LIBRARY_BUILT_LIBRARIES_H
#define GLI_CUDA_LIBRARY_BUILT_LIBRARIES_H

#ifdef GLIA_WITH_CUBLAS
#define GLI_IF_CUBLAS(...) __VA_ARGS__
#else
#define GLI_IF_CUBLAS(...)
#endif
#ifdef GLIA_WITH_CUDNN
#define GLI_IF_CUDNN(...) __VA_ARGS__
#else
#define GLI_IF_CUDNN(...)
#endif

#endif
