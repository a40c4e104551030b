package dev.thaw.daemon;

/** Runs a command, as the command line does. */
public interface Commands {
  /** Returns the exit code; has printed what was wrong. */
  int run(Caller caller, String... arguments);
}
