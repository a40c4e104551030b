package dev.thaw;

import dev.thaw.store.Verifier;
import java.io.IOException;
import java.nio.file.Path;

/** {@link Checkpoint#verify}. */
final class Verification {
  private Verification() {}

  static VerifyReport run(Path directory, Progress progress) throws IOException {
    int threads = Runtime.getRuntime().availableProcessors();
    Verifier.Result result =
        Verifier.verify(
            directory, threads, (done, total) -> progress.update("verifying", done, total));
    return new VerifyReport(result.filesRead(), result.bytesRead(), result.problems());
  }
}
