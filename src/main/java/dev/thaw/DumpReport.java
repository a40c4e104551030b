package dev.thaw;

import java.time.Duration;

/**
 * What a dump did.
 *
 * @param processCount processes in the tree
 * @param threadCount threads of all of them
 * @param pagesSeen pages that the tree held, before anything was elided
 * @param pagesZero of these, all zero: not stored
 * @param pagesDuplicate of these, equal to another page: stored once
 * @param storedBytes size of the checkpoint on disk
 * @param frozen how long the tree stood still
 * @param elapsed from the call to the checkpoint's rename into place
 */
public record DumpReport(
    int processCount,
    int threadCount,
    long pagesSeen,
    long pagesZero,
    long pagesDuplicate,
    long storedBytes,
    Duration frozen,
    Duration elapsed) {}
