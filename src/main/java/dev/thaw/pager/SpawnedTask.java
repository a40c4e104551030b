package dev.thaw.pager;

/**
 * A child of thaw-init that sleeps in pause(2), to be seized and made into something.
 *
 * <p>It is a copy of thaw-init without its descriptors above 2; SIGKILL is its parent-death signal
 * until it is told otherwise.
 *
 * @param pid as this JVM sees it: for ptrace(2) and /proc
 * @param innerPid as thaw-init and the task itself see it: another one in a pid namespace of theirs
 * @param gadgetAddress of a {@code syscall; ret} in it
 */
public record SpawnedTask(int pid, int innerPid, long gadgetAddress) {}
