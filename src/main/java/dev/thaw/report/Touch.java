package dev.thaw.report;

/**
 * The first touch of a page in a recording.
 *
 * @param nanos since the tree ran
 * @param space name of the page's pagemap
 * @param page number there
 * @param write whether it was written to
 */
record Touch(long nanos, String space, long page, boolean write) {}
