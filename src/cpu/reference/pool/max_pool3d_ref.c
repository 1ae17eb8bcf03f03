#include "core/provider.h"
#include "cpu/reference/pool/pool_ref.h"
#include "cpu/reference/ref.h"

GLI_REF_PROVIDER(max_pool3d, gli_ref_max_pool);
GLI_REF_PROVIDER(max_pool3d_backward, gli_ref_max_pool_backward);
