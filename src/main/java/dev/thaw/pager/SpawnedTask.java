package dev.thaw.pager;

/**
 * A child of thaw-init that sleeps in pause(2), to be seized and made into something.
 *
 * <p>It is a copy of thaw-init without its descriptors above 2; SIGKILL is its parent-death signal
 * until it is told otherwise.
 *
 * @param gadgetAddress of a {@code syscall; ret} in it
 */
public record SpawnedTask(int pid, long gadgetAddress) {}
