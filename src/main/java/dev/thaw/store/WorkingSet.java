package dev.thaw.store;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/**
 * The pages that restores of a checkpoint touched, the earliest first: all of its recordings
 * together. A page that several recordings have counts with the best of its ranks. Immutable.
 *
 * @param pages ordered, none twice; every one has content in the checkpoint
 * @param zeros none twice; the checkpoint holds nothing of them
 * @param recordings how many it was made of
 */
public record WorkingSet(List<Page> pages, List<Page> zeros, int recordings) {

  /** A page by the name of its pagemap and its number there. */
  public record Page(String pagemap, long number) {}

  /** Copies the lists. */
  public WorkingSet {
    pages = List.copyOf(pages);
    zeros = List.copyOf(zeros);
  }

  /**
   * Reads the recordings beside a checkpoint. One that cannot be read, or does not fit, is left
   * out: nothing but speed depends on it.
   *
   * @param identity {@link CheckpointDir#identity}
   * @param pagemaps the pagemap of a name; null if there is none
   * @param warnings gets a line for each recording that is left out
   */
  public static WorkingSet read(
      Path directory, long identity, Function<String, Pagemap> pagemaps, List<String> warnings)
      throws IOException {
    List<Recording> fitting = new ArrayList<>();
    for (Path file : RecordingFiles.list(directory)) {
      try {
        Recording recording = RecordingFiles.read(file);
        String misfit = misfit(recording, identity, pagemaps);
        if (misfit == null) {
          fitting.add(recording);
        } else {
          warnings.add(file + ": " + misfit + "; it is ignored");
        }
      } catch (IOException e) {
        warnings.add(e.getMessage() + "; it is ignored");
      }
    }
    return union(fitting, pagemaps);
  }

  /** What does not fit, or null. */
  static String misfit(Recording recording, long identity, Function<String, Pagemap> pagemaps) {
    if (recording.checkpoint() != identity) {
      return "is a recording of another checkpoint";
    }
    List<Pagemap> found = new ArrayList<>();
    for (String name : recording.pagemaps()) {
      Pagemap pagemap = pagemaps.apply(name);
      if (pagemap == null) {
        return "has pages of " + Pagemap.fileName(name) + ", which the checkpoint has not";
      }
      found.add(pagemap);
    }
    for (Recording.Touch touch : recording.touches()) {
      if (!touch.zero() && found.get(touch.pagemap()).storePage(touch.page()) < 0) {
        String name = Pagemap.fileName(recording.pagemaps().get(touch.pagemap()));
        return "has page " + touch.page() + " of " + name + ", which holds no such page";
      }
    }
    return null;
  }

  /** All pages with content by their best rank, and all without. */
  static WorkingSet union(List<Recording> recordings, Function<String, Pagemap> pagemaps) {
    List<Page> pages = new ArrayList<>();
    Set<Page> seen = new HashSet<>();
    int longest = recordings.stream().mapToInt(r -> r.touches().size()).max().orElse(0);
    List<List<Recording.Touch>> touches = recordings.stream().map(Recording::touches).toList();
    for (int rank = 0; rank < longest; rank++) {
      for (int i = 0; i < touches.size(); i++) {
        if (rank < touches.get(i).size() && !touches.get(i).get(rank).zero()) {
          Recording.Touch touch = touches.get(i).get(rank);
          Page page = new Page(recordings.get(i).pagemaps().get(touch.pagemap()), touch.page());
          if (touches.size() == 1 || seen.add(page)) {
            pages.add(page);
          }
        }
      }
    }
    return new WorkingSet(pages, zeros(recordings, pagemaps), recordings.size());
  }

  /** A touch of zeros may also mean that the tree had dropped what the checkpoint holds. */
  private static List<Page> zeros(List<Recording> recordings, Function<String, Pagemap> pagemaps) {
    Set<Page> zeros = new LinkedHashSet<>();
    for (Recording recording : recordings) {
      for (Recording.Touch touch : recording.touches()) {
        String name = recording.pagemaps().get(touch.pagemap());
        if (touch.zero() && pagemaps.apply(name).storePage(touch.page()) < 0) {
          zeros.add(new Page(name, touch.page()));
        }
      }
    }
    return List.copyOf(zeros);
  }
}
