package dev.thaw.cli;

import dev.thaw.Template;
import java.io.PrintStream;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code thaw list}. */
@Command(name = "list", description = "Lists the checkpoints that thawd has loaded.")
final class ListCommand extends ThawCommand {
  @Option(names = "--json", description = "Print JSON.")
  boolean json;

  @Override
  public Integer call() throws Exception {
    Map<String, Template.Stats> all = new TreeMap<>();
    templates().all().forEach((name, template) -> all.put(name, template.stats()));
    if (json) {
      out().println(JsonText.of(all));
    } else if (common.verbose) {
      all.forEach((name, stats) -> print(name, stats, out()));
    } else {
      all.keySet().forEach(out()::println);
    }
    return ExitCode.OK;
  }

  static void print(String name, Template.Stats stats, PrintStream out) {
    out.printf(
        "%s: %s in memory for %s, %s made, %d alive; %s, loaded %s%n",
        name,
        Text.bytes(stats.memoryBytes()),
        Text.count(stats.processes(), "process", "processes"),
        Text.count(stats.clonesMade(), "clone", "clones"),
        stats.clonesAlive(),
        stats.directory(),
        stats.loaded());
  }
}
