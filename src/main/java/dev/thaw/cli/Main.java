package dev.thaw.cli;

import dev.thaw.Checkpoint;
import dev.thaw.ThawException;
import dev.thaw.daemon.Caller;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IFactory;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.TypeConversionException;

/** The {@code thaw} command. The only place that prints errors and picks exit codes. */
@Command(
    name = "thaw",
    header = "Checkpoints running Linux process trees and restores them lazily.",
    synopsisSubcommandLabel = "COMMAND",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    subcommands = {
      DumpCommand.class,
      RestoreCommand.class,
      RefillCommand.class,
      CheckCommand.class,
      InspectCommand.class,
      PlanCommand.class,
      VerifyCommand.class,
      StatsCommand.class,
      ReportCommand.class,
      MarkCommand.class,
      OptimizeCommand.class,
      LoadCommand.class,
      ListCommand.class,
      CloneCommand.class,
      UnloadCommand.class,
      DaemonCommand.class,
      VersionCommand.class,
      CommandLine.HelpCommand.class
    },
    commandListHeading = "%nCommands:%n",
    exitCodeListHeading =
        "%nExit codes (a restore in the foreground exits as the tree's root does):%n",
    exitCodeList = {
      "0:done",
      "1:failed; stderr says why in one line",
      "2:wrong command line",
      "3:refused before anything was changed",
      "4:the checkpoint is damaged or of another version",
      "5:kernel, rights or limits do not allow it (see: thaw check)",
      "6:no such process"
    },
    footer = "%n'thaw help COMMAND' tells more about one.")
public final class Main {
  /** For thawd, which runs many commands. */
  private static final SpareParsers SPARES = new SpareParsers(Main::parser);

  private Main() {}

  /** Runs one command and exits with its code. */
  public static void main(String[] args) {
    if (args.length > 0 && (args[0].equals("restore") || args[0].equals("dump"))) {
      Checkpoint.warmUp();
    }
    System.exit(run(Caller.ofThisJvm(), args));
  }

  /** Loads, links and compiles what the first commands would have to wait for. */
  static void warmUp() {
    PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream());
    for (int i = 0; i < 3; i++) {
      run(Caller.ofThisJvm().withErr(nowhere), "restore", "--images-dir");
      run(Caller.ofThisJvm().withErr(nowhere), "dump", "--images-dir");
    }
  }

  /** Runs one command; its errors go to {@code err}. */
  static int run(PrintStream err, String... args) {
    return run(Caller.ofThisJvm().withErr(err), args);
  }

  /** Runs one command for {@code caller}. */
  static int run(Caller caller, String... args) {
    PrintStream err = caller.err();
    if (args.length == 0) {
      new CommandLine(new Main(), new CommandFactory(caller)).usage(err);
      return ExitCode.USAGE;
    }
    if (isUnknown(args[0])) {
      err.println("thaw: there is no command '" + args[0] + "'; see: thaw --help");
      return ExitCode.USAGE;
    }
    boolean known = command(args[0]) != null;
    CommandLine line = known ? parser(caller, args[0]) : parserOfAll(caller);
    line.setOut(new PrintWriter(caller.out(), true));
    line.setErr(new PrintWriter(err, true));
    line.setParameterExceptionHandler((e, ignored) -> usageError(err, e));
    line.setExecutionExceptionHandler(
        (e, ignored, parsed) -> report(err, e, List.of(args).contains("-v")));
    return line.execute(known ? Arrays.copyOfRange(args, 1, args.length) : args);
  }

  private static CommandLine parser(Caller caller, String name) {
    CommandLine line = caller.templates().isPresent() ? SPARES.take(name) : parser(name);
    ThawCommand command = line.getCommand();
    command.caller = caller;
    return line;
  }

  /** A parser of the command {@code name} alone, for a caller to be set. */
  private static CommandLine parser(String name) {
    CommandLine line = new CommandLine(command(name));
    line.setCommandName("thaw " + name);
    return line.registerConverter(Path.class, Main::path);
  }

  private static CommandLine parserOfAll(Caller caller) {
    CommandLine line = new CommandLine(new Main(), new CommandFactory(caller));
    return line.registerConverter(Path.class, Main::path);
  }

  /** An empty path, as an unset variable of a script gives it, would mean the current directory. */
  private static Path path(String text) {
    if (text.isEmpty()) {
      throw new TypeConversionException("the path is empty");
    }
    return Path.of(text);
  }

  /** Makes the commands that picocli finds by itself. */
  private record CommandFactory(Caller caller) implements IFactory {
    @Override
    public <K> K create(Class<K> type) throws Exception {
      K made = CommandLine.defaultFactory().create(type);
      if (made instanceof ThawCommand command) {
        command.caller = caller;
      }
      return made;
    }
  }

  /**
   * The command named {@code name} alone, or null. Having picocli look at all of them takes a third
   * of the time of a short command.
   */
  private static ThawCommand command(String name) {
    return switch (name) {
      case "dump" -> new DumpCommand();
      case "restore" -> new RestoreCommand();
      case "check" -> new CheckCommand();
      case "inspect" -> new InspectCommand();
      case "plan" -> new PlanCommand();
      case "verify" -> new VerifyCommand();
      case "stats" -> new StatsCommand();
      case "report" -> new ReportCommand();
      case "mark" -> new MarkCommand();
      case "optimize" -> new OptimizeCommand();
      case "version" -> new VersionCommand();
      case "load" -> new LoadCommand();
      case "list" -> new ListCommand();
      case "clone" -> new CloneCommand();
      case "unload" -> new UnloadCommand();
      case "daemon" -> new DaemonCommand();
      default -> null;
    };
  }

  private static boolean isUnknown(String name) {
    return command(name) == null
        && !name.startsWith("-")
        && !name.equals("help")
        && !name.equals("refill");
  }

  private static int usageError(PrintStream err, ParameterException e) {
    err.println(
        oneLine(e.getMessage())
            + "; see: "
            + e.getCommandLine().getCommandSpec().qualifiedName()
            + " --help");
    return ExitCode.USAGE;
  }

  /** One line for {@code e}; the stack trace of what has no better explanation if asked for. */
  private static int report(PrintStream err, Exception e, boolean verbose) {
    boolean known = e instanceof ThawException || e instanceof java.io.IOException;
    err.println(oneLine(known && e.getMessage() != null ? e.getMessage() : "internal error: " + e));
    if (verbose && !known) {
      e.printStackTrace(err);
    }
    return e instanceof ThawException thaw ? ExitCode.of(thaw.kind()) : ExitCode.FAILED;
  }

  private static String oneLine(String message) {
    return "thaw: " + message.strip().replaceAll("\\s*\\R\\s*", "; ");
  }

  /** Reads the version that the build wrote into the jar's manifest. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"thaw " + number()};
    }

    static String number() {
      String version = Main.class.getPackage().getImplementationVersion();
      return version == null ? "(unpacked build)" : version;
    }
  }
}
