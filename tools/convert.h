/* glia convert: a model's file as a network of ONNX, and back. */
#ifndef CONVERT_H
#define CONVERT_H

/* Arguments behind the command. Returns what the program ends with. */
int convert(int argc, char **argv);

#endif
