#ifndef GLI_TOOLS_INSPECT_H
#define GLI_TOOLS_INSPECT_H

/* Prints what is in a file of safetensors, a model's or any other; returns the exit code of the command. */
int inspect(const char *path);

#endif
