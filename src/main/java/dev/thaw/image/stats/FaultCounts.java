package dev.thaw.image.stats;

/**
 * Counts since the start. Pages are 4 KiB.
 *
 * @param faults page faults read
 * @param waits of these, those that had to wait for the checkpoint to be read
 * @param onDemand pages installed because a thread waited for them
 * @param ahead neighbours of these, and pages installed in the background
 * @param prefaulted pages installed before the tree ran
 * @param copied pages of {@code onDemand} and {@code ahead} that were copied
 * @param zero pages of zeros installed
 * @param poisoned pages that could not be supplied; a thread that touches one gets SIGBUS
 * @param events changes of the address space that the pager was told: fork, mremap, munmap, madvise
 */
public record FaultCounts(
    long faults,
    long waits,
    long onDemand,
    long ahead,
    long prefaulted,
    long copied,
    long zero,
    long poisoned,
    long events) {}
