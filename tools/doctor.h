#ifndef GLI_TOOLS_DOCTOR_H
#define GLI_TOOLS_DOCTOR_H

/* Prints the diagnosis; returns the exit code of the command. */
int doctor(void);

#endif
