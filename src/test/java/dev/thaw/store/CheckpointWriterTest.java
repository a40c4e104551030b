package dev.thaw.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.thaw.image.ImageFormatException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointWriterTest {
  @TempDir Path directory;
  private Path target;

  @BeforeEach
  void name() {
    target = directory.resolve("checkpoint");
  }

  private static Set<String> namesIn(Path directory) throws IOException {
    try (Stream<Path> entries = Files.list(directory)) {
      Set<String> names = new TreeSet<>();
      entries.forEach(entry -> names.add(entry.getFileName().toString()));
      return names;
    }
  }

  private void write() throws IOException {
    try (CheckpointWriter writer = CheckpointWriter.begin(target)) {
      writer.add("a.json", new byte[] {1, 2, 3});
      writer.add("b.json", new byte[0]);
      writer.commit();
    }
  }

  @Test
  void aCheckpointIsThereAfterTheCommitAndNotBefore() throws Exception {
    try (CheckpointWriter writer = CheckpointWriter.begin(target)) {
      writer.add("a.json", new byte[] {1, 2, 3});
      assertFalse(Files.exists(target));
      writer.commit();
      assertTrue(Files.exists(target));
    }
    assertEquals(Set.of("checkpoint"), namesIn(directory));
    assertArrayEquals(new byte[] {1, 2, 3}, CheckpointDir.open(target).read("a.json"));
  }

  @Test
  void withoutACommitNothingIsLeft() throws Exception {
    try (CheckpointWriter writer = CheckpointWriter.begin(target)) {
      writer.add("a.json", new byte[] {1, 2, 3});
    }
    assertEquals(Set.of(), namesIn(directory));
  }

  @Test
  void anEmptyDirectoryStaysTheDirectoryItIs() throws Exception {
    Files.createDirectory(target);
    Object inode = Files.getAttribute(target, "unix:ino");
    write();
    assertEquals(inode, Files.getAttribute(target, "unix:ino"));
    assertEquals(Set.of("a.json", "b.json", "checksums"), namesIn(target));
    assertEquals(Set.of("checkpoint"), namesIn(directory));
    CheckpointDir.open(target);
  }

  @Test
  void anEmptyDirectoryIsEmptyAgainWithoutACommit() throws Exception {
    Files.createDirectory(target);
    try (CheckpointWriter writer = CheckpointWriter.begin(target)) {
      writer.add("a.json", new byte[] {1, 2, 3});
      assertThrows(ImageFormatException.class, () -> CheckpointDir.open(target));
    }
    assertEquals(Set.of(), namesIn(target));
  }

  @Test
  void aDirectoryThatHoldsSomethingIsRefusedUntouched() throws Exception {
    Files.createDirectory(target);
    Files.createFile(target.resolve("mine"));
    IOException e = assertThrows(IOException.class, () -> CheckpointWriter.begin(target));
    assertTrue(e.getMessage().contains("it holds mine"), e.getMessage());
    assertEquals(Set.of("mine"), namesIn(target));
  }

  @Test
  void aFileThatAppearsDuringTheDumpIsNotMixedIn() throws Exception {
    Files.createDirectory(target);
    try (CheckpointWriter writer = CheckpointWriter.begin(target)) {
      writer.add("a.json", new byte[] {1, 2, 3});
      Files.createFile(target.resolve("mine"));
      assertThrows(IOException.class, writer::commit);
    }
    assertEquals(Set.of("mine"), namesIn(target));
  }

  @Test
  void aDirectoryThatAppearsWithContentIsNotReplaced() throws Exception {
    try (CheckpointWriter writer = CheckpointWriter.begin(target)) {
      writer.add("a.json", new byte[] {1, 2, 3});
      Files.createDirectory(target);
      Files.createFile(target.resolve("mine"));
      assertThrows(IOException.class, writer::commit);
    }
    assertEquals(Set.of("mine"), namesIn(target));
    assertEquals(Set.of("checkpoint"), namesIn(directory));
  }

  @Test
  void aFileIsNoPlaceForACheckpoint() throws Exception {
    Files.createFile(target);
    assertThrows(IOException.class, () -> CheckpointWriter.begin(target));
  }

  @Test
  void theParentMustExist() {
    IOException e =
        assertThrows(IOException.class, () -> CheckpointWriter.begin(target.resolve("deeper")));
    assertTrue(
        e.getMessage().endsWith("there is no directory " + target + "; make it"), e.getMessage());
  }

  @Test
  void onlyTheOwnerMayRead() throws Exception {
    write();
    assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(target)));
    for (String name : namesIn(target)) {
      assertEquals(
          "rw-------",
          PosixFilePermissions.toString(Files.getPosixFilePermissions(target.resolve(name))));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"../a", "/a", "a/b", "", ".", "..", ".a", "checksums", "a b", "a\nb"})
  void namesThatAreNotPlainFileNamesAreRefused(String name) throws Exception {
    try (CheckpointWriter writer = CheckpointWriter.begin(target)) {
      assertThrows(IllegalArgumentException.class, () -> writer.add(name, new byte[1]));
    }
  }
}
