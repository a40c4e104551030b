package dev.thaw.check;

import java.util.ArrayList;
import java.util.List;

/**
 * Tries, feature by feature, what dump and restore need. Changes nothing and leaves nothing behind.
 */
public final class HostCheck {

  private HostCheck() {}

  /** All features, grouped, in the order to show them. */
  public static List<Feature> run() {
    List<Feature> features = new ArrayList<>();
    features.addAll(PagerFeatures.probe());
    features.addAll(ProcessFeatures.probe());
    features.addAll(HostFeatures.probe());
    return List.copyOf(features);
  }
}
