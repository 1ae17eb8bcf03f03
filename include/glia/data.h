#ifndef GLIA_DATA_H
#define GLIA_DATA_H
#endif
