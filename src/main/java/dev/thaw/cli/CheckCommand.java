package dev.thaw.cli;

import dev.thaw.check.Feature;
import dev.thaw.check.HostCheck;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code thaw check}. */
@Command(
    name = "check",
    description =
        "Tries what this kernel, these rights and these limits allow, feature by feature.",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {"0:dump and restore can work here", "5:they cannot; the list says why"})
final class CheckCommand extends ThawCommand {
  @Option(names = "--json", description = "Print JSON.")
  boolean json;

  @Override
  public Integer call() {
    List<Feature> features = HostCheck.run();
    if (json) {
      out().println(JsonText.of(features));
    } else {
      print(features, out());
    }
    return features.stream().anyMatch(Feature::stopsThaw) ? ExitCode.NOT_ALLOWED : ExitCode.OK;
  }

  static void print(List<Feature> features, PrintStream out) {
    String group = "";
    for (Feature feature : features) {
      if (!feature.group().equals(group)) {
        group = feature.group();
        out.println(group);
      }
      out.println(line(feature));
      if (!feature.works()) {
        out.printf("        -> %s%n", feature.wayOut());
      }
    }
    long stops = features.stream().filter(Feature::stopsThaw).count();
    out.println(
        stops == 0
            ? "Dump and restore can work here."
            : "Dump and restore cannot work here: "
                + Text.count(stops, "required feature is", "required features are")
                + " missing.");
  }

  private static String line(Feature feature) {
    String mark =
        feature.works() ? "ok" : feature.need() == Feature.Need.REQUIRED ? "MISSING" : "without";
    return String.format(Locale.ROOT, "  %-8s%-34s %s", mark, feature.name(), feature.detail())
        .stripTrailing();
  }
}
