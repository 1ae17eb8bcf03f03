/* `glia export`: a saved model as a file for other programs. */
#ifndef GLI_TOOLS_EXPORT_H
#define GLI_TOOLS_EXPORT_H

/* argv: what stands behind `export`. Returns the exit code; 2: it was misused, and a message says how. */
int export_model(int argc, char **argv);

#endif
