#include "core/provider.h"
#include "cpu/reference/pool/pool_ref.h"
#include "cpu/reference/ref.h"

GLI_REF_PROVIDER(avg_pool3d, gli_ref_avg_pool);
GLI_REF_PROVIDER(avg_pool3d_backward, gli_ref_avg_pool_backward);
