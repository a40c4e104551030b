/**
 * Checkpoints at rest: the directory that is whole or absent, pages in compressed frames, pagemaps,
 * and a checksum over every byte. {@code images/FORMAT.md} describes the files.
 */
package dev.thaw.store;
