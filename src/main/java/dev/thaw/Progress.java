package dev.thaw;

/** Told how far a long operation is. Called from any thread; must be quick and must not throw. */
@FunctionalInterface
public interface Progress {
  /** Listens to nothing. */
  Progress NONE = (phase, done, total) -> {};

  /**
   * @param phase what is being done, in a word or two, e.g. {@code "writing pages"}
   * @param done units of the phase that are done, at most {@code total}
   * @param total all units of the phase; 0 where not known
   */
  void update(String phase, long done, long total);
}
