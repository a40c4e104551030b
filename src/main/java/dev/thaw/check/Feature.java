package dev.thaw.check;

/**
 * One thing that a dump or a restore uses, and whether it can be had here.
 *
 * @param group what it belongs to, for reading
 * @param name what it is, in the kernel's words
 * @param need whether Thaw works without it
 * @param works whether it was tried with success
 * @param detail what was found: a value, or the errno
 * @param wayOut what to do where it does not work; empty where it does
 */
public record Feature(
    String group, String name, Need need, boolean works, String detail, String wayOut) {

  /** Whether Thaw works without a feature. */
  public enum Need {
    /** Nothing can be dumped and restored without it. */
    REQUIRED,
    /** Some programs cannot be dumped or restored, or not as fast. */
    HELPS
  }

  /** Whether this alone keeps Thaw from working. */
  public boolean stopsThaw() {
    return need == Need.REQUIRED && !works;
  }
}
