/* Synthetic images in the format of CIFAR-10, for trying a network without the data. They are easy on purpose:
 * accuracies on them say nothing about CIFAR-10. */
#ifndef GLI_EXAMPLES_SYNTHETIC_CIFAR_H
#define GLI_EXAMPLES_SYNTHETIC_CIFAR_H

#include <stdbool.h>
#include <stdint.h>

enum { SYNTHETIC_CLASSES = 10, SYNTHETIC_SIDE = 32, SYNTHETIC_BYTES = 3 * SYNTHETIC_SIDE * SYNTHETIC_SIDE };

/* Image `index` of the set that the seed names, as [3,32,32]; returns its class. Integers only: the same bytes on every
 * machine. */
int synthetic_image(uint64_t seed, int64_t index, uint8_t *pixels);

/* Writes data_batch_1.bin to data_batch_5.bin with images 0 to count-1, test_batch.bin with the count / 5 images behind
 * them, and a note that says what they are. Never overwrites a file. false: failed, and said why on standard error. */
bool synthetic_write(const char *folder, uint64_t seed, int64_t count);

/* Whether the folder has that note. */
bool synthetic_folder(const char *folder);

#endif
