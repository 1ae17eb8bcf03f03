#ifndef GLI_TOOLS_DOCTOR_H
#define GLI_TOOLS_DOCTOR_H

/* Prints the diagnosis, or which calls each provider takes; returns the exit code of the command. */
int doctor(void);
int doctor_providers(void);

#endif
