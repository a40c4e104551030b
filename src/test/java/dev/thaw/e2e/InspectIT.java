package dev.thaw.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code thaw inspect}, compared with /proc of a victim that runs on. */
@Tag("e2e")
@Timeout(value = 150, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class InspectIT {
  @TempDir Path directory;

  private static JsonNode inspect(Path checkpoint) throws Exception {
    return JsonMapper.builder()
        .build()
        .readTree(Command.thaw("inspect", checkpoint, "--json").succeeded().output());
  }

  private static TreeSet<Integer> numbers(JsonNode array, String field) {
    TreeSet<Integer> numbers = new TreeSet<>();
    array.forEach(entry -> numbers.add(entry.get(field).intValue()));
    assertEquals(array.size(), numbers.size(), "each once");
    return numbers;
  }

  private static List<String> vmas(JsonNode process) {
    List<String> vmas = new ArrayList<>();
    for (JsonNode vma : process.get("vmas")) {
      if (!vma.get("what").textValue().equals("[vsyscall]")) {
        vmas.add(vma.get("range").textValue() + " " + vma.get("permissions").textValue());
      }
    }
    return vmas;
  }

  @ParameterizedTest
  @ValueSource(strings = {"many_vmas", "memfds", "pipes", "process_tree", "shared_anon", "threads"})
  void jsonNamesWhatProcShows(String name) throws Exception {
    try (Victim victim = Victim.start(name, directory)) {
      JsonNode inspection = inspect(victim.dump("checkpoint", "-R"));
      List<Integer> pids = new ArrayList<>();
      for (ProcView process : ProcView.tree(victim.pid())) {
        pids.add(process.pid());
      }
      assertEquals(new TreeSet<>(pids), numbers(inspection.get("processes"), "pid"));
      for (JsonNode entry : inspection.get("processes")) {
        ProcView process = new ProcView(entry.get("pid").intValue());
        assertEquals(process.tids(), numbers(entry.get("threads"), "tid"));
        assertEquals(process.descriptors(), numbers(entry.get("descriptors"), "number"));
        List<String> expected = new ArrayList<>();
        process.maps().forEach(m -> expected.add(m.range() + " " + m.permissions()));
        assertEquals(expected, vmas(entry));
      }
      victim.check();
    }
  }

  @Test
  void everyPageIsZeroOrDuplicateOrStoredAndTheBytesAreThoseOfTheFile() throws Exception {
    try (Victim victim = Victim.start("process_tree", directory)) {
      Path checkpoint = victim.dump("checkpoint", "-R");
      JsonNode inspection = inspect(checkpoint);
      JsonNode all = inspection.get("pages");
      long seen = 0;
      for (JsonNode process : inspection.get("processes")) {
        JsonNode pages = process.get("pages");
        assertEquals(
            pages.get("seen").longValue(),
            pages.get("zero").longValue()
                + pages.get("duplicate").longValue()
                + pages.get("stored").longValue());
        long inVmas = 0;
        for (JsonNode vma : process.get("vmas")) {
          inVmas += vma.get("pagesHeld").longValue() + vma.get("pagesZero").longValue();
        }
        assertEquals(pages.get("seen").longValue(), inVmas, process.get("pid").toString());
        seen += pages.get("seen").longValue();
      }
      assertEquals(seen, all.get("seen").longValue());
      assertTrue(all.get("duplicate").longValue() > 0, "the children are forked");
      assertEquals(
          Files.size(checkpoint.resolve("pages.img")), all.get("compressedBytes").longValue());
      victim.check();
    }
  }

  @Test
  void theTextNamesThreadsDescriptorsAndMemory() throws Exception {
    try (Victim victim = Victim.start("threads", directory)) {
      String text = Command.thaw("inspect", victim.dump("checkpoint", "-R")).succeeded().output();
      ProcView process = new ProcView(victim.pid());
      for (int tid : process.tids()) {
        assertTrue(text.lines().anyMatch(l -> l.matches(" {4}" + tid + " +\\S.*")), text);
      }
      for (int fd : process.descriptors()) {
        assertTrue(text.lines().anyMatch(l -> l.matches(" {4}" + fd + " +[A-Z].*")), text);
      }
      for (ProcView.Mapping mapping : process.maps()) {
        assertTrue(text.contains("    " + mapping.range() + " "), mapping.range() + "\n" + text);
      }
      victim.check();
    }
  }
}
