// The blocks of a cluster; kernels/device/cluster.cuh says what these mean.
#ifndef GLI_EMULATOR_CLUSTER_H
#define GLI_EMULATOR_CLUSTER_H

#define GLI_EMULATOR_SITE const char *file = __builtin_FILE(), int line = __builtin_LINE()

unsigned gli_cluster_rank(GLI_EMULATOR_SITE);
void gli_cluster_arrive(GLI_EMULATOR_SITE);
void gli_cluster_wait(GLI_EMULATOR_SITE);
void gli_cluster_store(float *shared, unsigned rank, float value, GLI_EMULATOR_SITE);
void gli_cluster_store(double *shared, unsigned rank, double value, GLI_EMULATOR_SITE);

#undef GLI_EMULATOR_SITE
#endif
