#ifndef GLIA_MODEL_H
#define GLIA_MODEL_H
#endif
