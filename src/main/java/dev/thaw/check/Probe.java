package dev.thaw.check;

import dev.thaw.linux.SyscallException;
import java.util.ArrayList;
import java.util.List;

/** Collects the features of one group. */
final class Probe {
  private final String group;
  private final List<Feature> features = new ArrayList<>();

  Probe(String group) {
    this.group = group;
  }

  /** A feature that works where {@code errno} is 0. */
  Probe attempt(String name, Feature.Need need, int errno, String wayOut) {
    String detail = errno == 0 ? "" : SyscallException.describe(errno);
    return add(name, need, errno == 0, detail, wayOut);
  }

  /** A feature with something to say about it either way. */
  Probe add(String name, Feature.Need need, boolean works, String detail, String wayOut) {
    features.add(new Feature(group, name, need, works, detail, works ? "" : wayOut));
    return this;
  }

  List<Feature> features() {
    return features;
  }
}
