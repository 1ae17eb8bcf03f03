/* glia run: computes a network of ONNX on arrays in files. */
#ifndef GLI_TOOLS_RUN_NETWORK_H
#define GLI_TOOLS_RUN_NETWORK_H

/* Arguments behind the command. Returns what the program ends with. */
int run_network(int argc, char **argv);

#endif
