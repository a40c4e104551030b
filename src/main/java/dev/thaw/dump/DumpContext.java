package dev.thaw.dump;

import dev.thaw.image.KeptFile;
import java.util.List;

/**
 * What the parts of one dump share.
 *
 * @param identities of files named so far
 * @param sharedMemory found so far
 * @param keptFiles small files that are mapped shared and writable
 * @param closeTcp established TCP connections are closed instead of refused
 */
public record DumpContext(
    FileIdentities identities,
    SharedMemoryTable sharedMemory,
    List<KeptFile> keptFiles,
    boolean closeTcp) {}
