package dev.thaw.restore;

import dev.thaw.image.Files;
import dev.thaw.image.ImageCodec;
import dev.thaw.image.Manifest;
import dev.thaw.image.ProcessImage;
import java.io.IOException;

/**
 * What the first restore of a JVM has to wait for and no checkpoint decides: libraries to be bound,
 * this machine to be looked at, records to be known. Half of a restore in a JVM of its own is that;
 * most of it can be done while the command line is read. A dump needs much the same: it binds and
 * writes what this binds and reads, and hashes its target's vDSO.
 */
public final class WarmUp {
  private WarmUp() {}

  /**
   * Begins it on a thread of its own. Who needs it uses what is done and waits for what is begun.
   */
  public static void begin() {
    Thread thread = new Thread(WarmUp::run, "warm-up");
    thread.setDaemon(true);
    thread.start();
  }

  private static void run() {
    try {
      MachineCheck.here();
      KernelPages.lookAhead();
      ImageCodec.learn(Manifest.class);
      ImageCodec.learn(Files.class);
      ImageCodec.learn(ProcessImage.class);
    } catch (IOException | RuntimeException | LinkageError e) {
      // The command meets the same, and says so.
    }
  }
}
