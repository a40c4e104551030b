package dev.thaw.cli;

import dev.thaw.Checkpoint;
import dev.thaw.PrivateMemory;
import dev.thaw.RecordOptions;
import dev.thaw.RestoreOptions;
import dev.thaw.RestoredTree;
import dev.thaw.Template;
import dev.thaw.TreeKeeper;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code thaw restore}. The launcher runs it under thaw-init. */
@Command(
    name = "restore",
    description = {
      "Brings a checkpointed tree back. Its memory is installed page by page, as it is touched.",
      "",
      "Stays in the foreground, passes signals on to the tree's root and exits as the root does:"
          + " with its exit code, or with 128 + N where signal N killed it."
    },
    exitCodeListHeading = "%nExit codes before the tree runs:%n",
    exitCodeList = {"1:failed; nothing is left behind"},
    footer = "%nCodes above 1: see thaw --help.")
final class RestoreCommand extends ThawCommand {
  /** native/launcher/main.c has the same. */
  private static final List<String> MARK_SIGNALS =
      List.of("HUP", "USR1", "USR2", "ALRM", "WINCH", "URG", "PWR");

  @Option(
      names = {"-D", "--images-dir"},
      required = true,
      paramLabel = "DIR",
      description = "The checkpoint.")
  Path directory;

  @Option(
      names = {"-d", "--restore-detached", "--detach"},
      description = "Return once the tree runs.")
  boolean detach;

  @Option(
      names = "--pidfile",
      paramLabel = "FILE",
      description = "Write the root's pid there once the tree runs.")
  Optional<Path> pidfile = Optional.empty();

  @Option(names = "--eager", description = "Have every page in place before the tree runs.")
  boolean eager;

  @Option(
      names = "--private-memory",
      paramLabel = "graduate|share|exact",
      converter = PrivateMemoryConverter.class,
      description =
          "graduate: the tree ends up with memory of its own and without a pager, except for what"
              + " its processes share copy-on-write (the default); share: map private memory from"
              + " memfds, copy a page when it is written; exact: true anonymous memory throughout,"
              + " as CRIU does.")
  Optional<PrivateMemory> privateMemory = Optional.empty();

  @Option(
      names = "--graduate",
      negatable = true,
      description =
          "The same as --private-memory graduate; --no-graduate as --private-memory share.")
  Optional<Boolean> graduate = Optional.empty();

  @Option(
      names = "--accept-changed-files",
      description = "Go on although a file that the tree maps has changed since the dump.")
  boolean acceptChangedFiles;

  @Option(
      names = "--accept-other-cpu",
      description =
          "Go on although this CPU lacks instructions that the dump's has: for programs that do not"
              + " use them.")
  boolean acceptOtherCpu;

  @Option(
      names = "--record",
      arity = "0..1",
      paramLabel = "SECONDS",
      fallbackValue = "0",
      description =
          "Record beside the checkpoint which pages are touched, for SECONDS, until thaw mark PID,"
              + " or until the end: the next restore installs them before the first instruction."
              + " While it records, pages come one at a time.")
  Double recordSeconds;

  @Option(
      names = "--record-until-signal",
      paramLabel = "SIG",
      description =
          "Record until this command gets the signal, which is not passed on then; with -d, until"
              + " the parent of the restored root gets it. One of HUP, USR1, USR2, ALRM, WINCH,"
              + " URG, PWR.")
  String recordUntilSignal;

  @Option(
      names = "--no-working-set",
      description = "Do not use what earlier restores have recorded.")
  boolean noWorkingSet;

  @Spec CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    PrivateMemory memory = privateMemory(); // a wrong command line needs no thaw-init
    Optional<RecordOptions> record = record();
    try (TreeKeeper keeper = caller.keeper().orElseGet(TreeKeeper::inherited);
        ProgressBar bar = ProgressBar.onTerminal(caller);
        RestoredTree tree = restore(memory, record, bar, keeper)) {
      bar.wipe(); // from here the terminal is the tree's
      tree.warnings().forEach(warning -> caller.err().println("thaw: warning: " + warning));
      if (common.verbose) {
        out().println(describe(tree));
        out().flush();
      }
      tree.announce();
      caller.release();
      tree.awaitFilled()
          .filter(recording -> recording.end().equals("full"))
          .ifPresent(
              recording ->
                  System.err.println(
                      "thaw: warning: the recording ended early, its log was full; "
                          + MarkCommand.describe(recording)));
    }
    return ExitCode.OK;
  }

  private PrivateMemory privateMemory() {
    if (privateMemory.isPresent() && graduate.isPresent()) {
      throw new ParameterException(
          spec.commandLine(), "--private-memory and --graduate say the same: give one of them");
    }
    PrivateMemory otherwise = graduate.orElse(true) ? PrivateMemory.GRADUATE : PrivateMemory.SHARE;
    return privateMemory.orElse(otherwise);
  }

  /** From memory where thawd has the checkpoint loaded, else from the directory. */
  private RestoredTree restore(
      PrivateMemory memory, Optional<RecordOptions> record, ProgressBar bar, TreeKeeper keeper)
      throws IOException {
    RestoreOptions options =
        new RestoreOptions(
            path(directory),
            detach,
            pidfile.map(this::path),
            eager,
            memory,
            acceptChangedFiles,
            acceptOtherCpu,
            !noWorkingSet,
            record,
            bar::update);
    Optional<Template> template =
        Template.serves(options) && options.record().isEmpty()
            ? caller.templates().flatMap(all -> all.of(options.directory()))
            : Optional.empty();
    return template.isPresent()
        ? template.get().restore(options, keeper)
        : Checkpoint.restore(options, keeper);
  }

  /**
   * What to record: the launcher has thaw-init wait for the signal, and wants to know it is one.
   */
  private Optional<RecordOptions> record() {
    if (recordUntilSignal != null
        && !MARK_SIGNALS.contains(recordUntilSignal.replaceFirst("^SIG", ""))) {
      throw new ParameterException(
          spec.commandLine(),
          "'"
              + recordUntilSignal
              + "' is none of the signals that end a recording: "
              + String.join(", ", MARK_SIGNALS));
    }
    if (recordSeconds == null) {
      return recordUntilSignal == null
          ? Optional.empty()
          : Optional.of(new RecordOptions(Optional.empty()));
    }
    if (!(recordSeconds >= 0 && recordSeconds < 1e9)) {
      throw new ParameterException(spec.commandLine(), "--record=" + recordSeconds + " seconds");
    }
    long nanos = (long) (recordSeconds * 1e9);
    return Optional.of(
        new RecordOptions(nanos == 0 ? Optional.empty() : Optional.of(Duration.ofNanos(nanos))));
  }

  private static String describe(RestoredTree tree) {
    return String.format(
        "restored %s, root %d, in %s: %s to come as they are touched%n  %s",
        Text.tree(tree.processCount(), tree.threadCount()),
        tree.rootPid(),
        Text.millis(tree.timeToResume()),
        Text.pages(tree.pageCount()),
        Text.stages(tree.stages()));
  }
}
