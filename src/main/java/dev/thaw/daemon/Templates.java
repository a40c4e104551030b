package dev.thaw.daemon;

import dev.thaw.Progress;
import dev.thaw.Template;
import dev.thaw.ThawException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The loaded checkpoints by name. Thread safe; a load holds up nobody but loads of that name. */
public final class Templates {
  /** Guarded by this. A name whose checkpoint is being read has no template yet. */
  private final Map<String, Optional<Template>> byName = new TreeMap<>();

  /**
   * Loads a checkpoint.
   *
   * @throws ThawException if the name is taken, or the checkpoint has a fault
   */
  public Template load(String name, Path directory, Progress progress) throws IOException {
    synchronized (this) {
      if (byName.putIfAbsent(name, Optional.empty()) != null) {
        throw failed("template " + name + " is there already: unload it, or give another --name");
      }
    }
    Template loaded = null;
    try {
      loaded = Template.load(directory, progress);
      return loaded;
    } finally {
      synchronized (this) {
        if (loaded == null) {
          byName.remove(name);
        } else {
          byName.put(name, Optional.of(loaded));
        }
      }
    }
  }

  /** The template of that name. */
  public synchronized Template get(String name) throws ThawException {
    Optional<Template> found = byName.get(name);
    if (found == null) {
      throw failed("there is no template " + name + "; see thaw list");
    }
    return found.orElseThrow(() -> failed("template " + name + " is still being loaded"));
  }

  /** The one that was loaded from {@code directory} and is what is there still. */
  public synchronized Optional<Template> of(Path directory) {
    return byName.values().stream()
        .flatMap(Optional::stream)
        .filter(template -> template.isOf(directory))
        .findFirst();
  }

  /** All that are loaded, by name. */
  public synchronized Map<String, Template> all() {
    Map<String, Template> all = new TreeMap<>();
    byName.forEach((name, template) -> template.ifPresent(t -> all.put(name, t)));
    return all;
  }

  /** Forgets it. Its clones live on. */
  public void unload(String name) throws IOException {
    Template template;
    synchronized (this) {
      template = get(name);
      byName.remove(name);
    }
    template.close();
  }

  private static ThawException failed(String message) {
    return new ThawException(ThawException.Kind.FAILED, message, null);
  }
}
