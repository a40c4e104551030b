package dev.thaw.cli;

import dev.thaw.Checkpoint;
import dev.thaw.Inspection;
import java.io.PrintStream;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code thaw inspect}. */
@Command(
    name = "inspect",
    description =
        "Shows what a checkpoint holds: threads, descriptors, memory, where the bytes are.")
final class InspectCommand extends ThawCommand {
  @Parameters(paramLabel = "DIR", description = "The checkpoint.")
  Path directory;

  @Option(names = "--json", description = "Print JSON.")
  boolean json;

  @Override
  public Integer call() throws Exception {
    Inspection inspection = Checkpoint.inspect(path(directory));
    if (json) {
      out().println(JsonText.of(inspection));
    } else {
      print(inspection, out());
    }
    return ExitCode.OK;
  }

  static void print(Inspection inspection, PrintStream out) {
    out.printf(
        "checkpoint of %s, kernel %s, format %d%n",
        inspection.created(), inspection.kernel(), inspection.formatVersion());
    Inspection.Pages pages = inspection.pages();
    out.printf(
        "memory: %s held, %s zero, %s equal to others; %s stored in %s%n",
        Text.pages(pages.seen()),
        Text.pages(pages.zero()),
        Text.pages(pages.duplicate()),
        Text.pages(pages.stored()),
        Text.bytes(pages.compressedBytes()));
    for (Inspection.SharedEntry memory : inspection.sharedMemory()) {
      out.printf(
          "%s: %s, %s%n", memory.what(), Text.bytes(memory.sizeBytes()), where(memory.pages()));
    }
    for (Inspection.ProcessEntry process : inspection.processes()) {
      print(process, out);
    }
  }

  private static void print(Inspection.ProcessEntry process, PrintStream out) {
    out.printf(
        "%nprocess %d (%s), child of %d: %s%n  %s%n",
        process.pid(),
        process.name(),
        process.parent(),
        process.executable(),
        where(process.pages()));
    out.println("  threads");
    for (Inspection.ThreadEntry thread : process.threads()) {
      out.printf("    %-8d %s%n", thread.tid(), thread.name());
    }
    out.println("  descriptors");
    for (Inspection.DescriptorEntry fd : process.descriptors()) {
      out.printf("    %-4d %-12s %s%n", fd.number(), fd.kind(), fd.detail());
    }
    out.println("  memory                                       content      zero");
    for (Inspection.VmaEntry vma : process.vmas()) {
      out.printf(
          "    %-33s %s %9s %9s  %s%n",
          vma.range(),
          vma.permissions(),
          Text.pagesAsBytes(vma.pagesHeld()),
          Text.pagesAsBytes(vma.pagesZero()),
          vma.what());
    }
  }

  private static String where(Inspection.Pages pages) {
    return String.format(
        "%s held: %s zero, %s equal to others, %s stored, all in %s compressed",
        Text.pages(pages.seen()),
        Text.pagesAsBytes(pages.zero()),
        Text.pagesAsBytes(pages.duplicate()),
        Text.pagesAsBytes(pages.stored()),
        Text.bytes(pages.compressedBytes()));
  }
}
