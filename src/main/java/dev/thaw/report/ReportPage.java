package dev.thaw.report;

import dev.thaw.image.ImageCodec;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Puts the page together: template, style, script, chart library, data. */
final class ReportPage {
  private static final Pattern PLACE = Pattern.compile("<!--(\\w+)-->");
  private static final String CHARTS = "/META-INF/resources/webjars/uplot/%s/";
  private static final String CHARTS_POM = "/META-INF/maven/org.webjars.npm/uplot/pom.properties";

  private ReportPage() {}

  static String of(ReportData data) throws IOException {
    String charts = String.format(CHARTS, chartsVersion());
    Map<String, String> parts =
        Map.of(
            "TITLE", text(data.title()),
            "CHART_LICENSE", resource(charts + "LICENSE"),
            "CHART_STYLE", resource(charts + "dist/uPlot.min.css"),
            "STYLE", resource("report.css"),
            "CHART_SCRIPT", script(resource(charts + "dist/uPlot.iife.min.js")),
            "DATA", ImageCodec.line(data).replace("<", "\\u003c"),
            "SCRIPT", script(resource("report.js") + resource("map.js") + resource("charts.js")));
    Matcher place = PLACE.matcher(resource("report.html"));
    return place.replaceAll(found -> Matcher.quoteReplacement(parts.get(found.group(1))));
  }

  /** The version is in the path of a WebJar's files. */
  private static String chartsVersion() throws IOException {
    Properties properties = new Properties();
    try (InputStream in = open(CHARTS_POM)) {
      properties.load(in);
    }
    return properties.getProperty("version");
  }

  private static String resource(String name) throws IOException {
    try (InputStream in = open(name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static InputStream open(String name) throws IOException {
    InputStream in = ReportPage.class.getResourceAsStream(name);
    if (in == null) {
      throw new FileNotFoundException(name + ": is missing in this installation");
    }
    return in;
  }

  /** A script ends at the first {@code </script}, wherever it stands. */
  private static String script(String script) {
    if (script.contains("</script")) {
      throw new IllegalStateException("a script that ends itself");
    }
    return script;
  }

  private static String text(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;");
  }
}
