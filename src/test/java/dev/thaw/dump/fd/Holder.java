package dev.thaw.dump.fd;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.thaw.dump.DumpContext;
import dev.thaw.dump.FileIdentities;
import dev.thaw.dump.ProcDir;
import dev.thaw.dump.SharedMemoryTable;
import dev.thaw.image.Files;
import dev.thaw.image.ImageCodec;
import dev.thaw.image.OpenFile;
import dev.thaw.image.ProcessImage.Descriptor;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * A Python child that opens what a test wants, at the numbers from 10 on, and holds it until
 * closed. Its script sees {@code put(fd, number)}.
 */
final class Holder implements AutoCloseable {
  private static final String FRAME =
      "import os,sys,socket,select,struct,ctypes,fcntl,time\n"
          + "libc=ctypes.CDLL(None,use_errno=True)\n"
          + "def put(file,number):\n"
          + "    fd=file if isinstance(file,int) else file.fileno()\n"
          + "    os.dup2(fd,number)\n"
          + "    if fd!=number: os.close(fd) if isinstance(file,int) else file.close()\n"
          + "    return number\n"
          + "%s\n"
          + "print('ready',flush=True)\n"
          + "sys.stdin.read()\n";

  private final Process process;
  private final SharedMemoryTable sharedMemory = new SharedMemoryTable();

  Holder(String script) throws IOException {
    process =
        new ProcessBuilder("python3", "-c", String.format(FRAME, script))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    BufferedReader out =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    assertEquals("ready", out.readLine());
  }

  int pid() {
    return (int) process.pid();
  }

  SharedMemoryTable sharedMemory() {
    return sharedMemory;
  }

  /** What a dump writes of descriptor {@code number}, read back as a restore would. */
  <T extends OpenFile> T dump(int number, Class<T> type, boolean closeTcp) throws IOException {
    DescriptorsDump dump =
        new DescriptorsDump(
            new DumpContext(
                new FileIdentities(), sharedMemory, new java.util.ArrayList<>(), closeTcp));
    // Its standard pipes lead to the test: only what the script opened is of the "tree".
    List<Descriptor> table = dump.table(new ProcDir(pid()), n -> n >= 10);
    dump.describe();
    int id = table.stream().filter(d -> d.number() == number).findFirst().orElseThrow().file();
    byte[] json = ImageCodec.write(new Files(dump.files(), List.of(), List.of(), List.of()));
    OpenFile file =
        ImageCodec.read(Files.FILE, json, Files.class).files().stream()
            .filter(f -> f.id() == id)
            .findFirst()
            .orElseThrow();
    return type.cast(file);
  }

  <T extends OpenFile> T dump(int number, Class<T> type) throws IOException {
    return dump(number, type, false);
  }

  @Override
  public void close() {
    process.destroyForcibly().onExit().join();
  }
}
