package dev.thaw.pager;

/**
 * What the pager has done so far, over all processes, living and dead. All but the last three count
 * since the start; pages are 4 KiB.
 *
 * @param faults page faults read
 * @param events FORK, REMAP, REMOVE and UNMAP events read
 * @param demandInstalled pages that a thread waited for
 * @param aheadInstalled pages installed before a thread asked for them
 * @param zeroPages pages of zeros installed
 * @param copied how many of the demanded and ahead ones were copied
 * @param poisoned pages that could not be supplied
 * @param fillWaits faults that had to wait for a page to be filled
 * @param filledPages pages that are in a memfd
 * @param contentPages pages that the image holds for this tree
 * @param spaces living address spaces
 */
public record PagerStats(
    long faults,
    long events,
    long demandInstalled,
    long aheadInstalled,
    long zeroPages,
    long copied,
    long poisoned,
    long fillWaits,
    long filledPages,
    long contentPages,
    int spaces) {}
