package dev.thaw.dump;

/**
 * What the parts of one dump share.
 *
 * @param identities of files named so far
 * @param sharedMemory found so far
 * @param closeTcp established TCP connections are closed instead of refused
 */
public record DumpContext(
    FileIdentities identities, SharedMemoryTable sharedMemory, boolean closeTcp) {}
