package dev.thaw;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Holds the code to the table of layers in ARCHITECTURE.md. */
class LayersTest {
  private static final String ROOT = "dev.thaw";

  /** A package and what of ours it may import. The empty name is the public API. */
  private static final Map<String, List<String>> MAY_IMPORT =
      Map.ofEntries(
          Map.entry("linux", List.of()),
          Map.entry("image", List.of()),
          Map.entry("proc", List.of("image")),
          Map.entry("store", List.of("image", "linux")),
          Map.entry("remote", List.of("linux")),
          Map.entry("check", List.of("linux")),
          Map.entry("pager", List.of("store", "image", "linux")),
          Map.entry("dump", List.of("remote", "proc", "store", "image", "linux", "pager")),
          Map.entry("restore", List.of("remote", "proc", "pager", "store", "image", "linux")),
          Map.entry("report", List.of("restore", "store", "image")),
          // linux and remote for what they throw: the API sorts failures into kinds.
          Map.entry(
              "",
              List.of("dump", "restore", "report", "pager", "store", "image", "linux", "remote")),
          Map.entry("daemon", List.of("", "pager", "linux")));

  /** Who may touch a library: one home for each. */
  private static final Map<String, String> HOME_OF =
      Map.of(
          "com.sun.jna..", "linux",
          "com.fasterxml.jackson..", "image",
          "com.github.luben.zstd..", "store",
          "org.HdrHistogram..", "pager",
          "picocli..", "cli");

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages(ROOT);

  @Test
  void everyPackageImportsOnlyWhatTheTableAllows() {
    MAY_IMPORT.forEach(
        (layer, imports) -> {
          String[] allowed =
              Stream.of(imports.stream(), Stream.of(layer))
                  .flatMap(s -> s)
                  .flatMap(LayersTest::packagesOf)
                  .toArray(String[]::new);
          classes()
              .that()
              .resideInAnyPackage(packagesOf(layer).toArray(String[]::new))
              .should()
              .onlyDependOnClassesThat(
                  JavaClass.Predicates.resideOutsideOfPackage(ROOT + "..")
                      .or(JavaClass.Predicates.resideInAnyPackage(allowed)))
              .allowEmptyShould(true)
              .check(CLASSES);
        });
  }

  @Test
  void theCommandLineSeesThePublicApiOnly() {
    classes()
        .that()
        .resideInAPackage(ROOT + ".cli..")
        .should()
        .onlyDependOnClassesThat(
            JavaClass.Predicates.resideOutsideOfPackage(ROOT + "..")
                .or(
                    JavaClass.Predicates.resideInAnyPackage(
                        ROOT,
                        ROOT + ".cli..",
                        ROOT + ".check..",
                        ROOT + ".image..",
                        ROOT + ".daemon..")))
        .check(CLASSES);
  }

  @Test
  void everyPackageIsInTheTable() {
    String[] known =
        Stream.concat(MAY_IMPORT.keySet().stream(), Stream.of("cli"))
            .flatMap(LayersTest::packagesOf)
            .toArray(String[]::new);
    classes().should().resideInAnyPackage(known).check(CLASSES);
  }

  @Test
  void everyLibraryHasOneHome() {
    HOME_OF.forEach(
        (library, home) ->
            noClasses()
                .that()
                .resideOutsideOfPackage(ROOT + "." + home + "..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage(library)
                .check(CLASSES));
  }

  @Test
  void noPackagesDependOnEachOther() {
    slices().matching(ROOT + ".(*)..").should().beFreeOfCycles().check(CLASSES);
  }

  private static Stream<String> packagesOf(String layer) {
    return layer.isEmpty() ? Stream.of(ROOT) : Stream.of(ROOT + "." + layer + "..");
  }
}
