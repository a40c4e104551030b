package dev.thaw.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class JsonTextTest {
  private record Point(int x, List<String> names) {}

  @Test
  void writesRecordsAsObjects() throws Exception {
    JsonNode read =
        new ObjectMapper().readTree(JsonText.of(List.of(new Point(3, List.of("a", "b")))));
    assertEquals(3, read.get(0).get("x").asInt());
    assertEquals("b", read.get(0).get("names").get(1).asText());
  }

  @Test
  void escapesWhatJsonDoesNotTakeAsItIs() throws Exception {
    String hard = "quote \" backslash \\ newline \n bell \u0007 umlaut \u00fc";
    assertEquals(
        hard, new ObjectMapper().readTree(JsonText.of(Map.of("k", hard))).get("k").asText());
  }

  @Test
  void writesEmptyThingsShort() {
    assertEquals("[]", JsonText.of(List.of()));
    assertEquals("{}", JsonText.of(Map.of()));
    assertEquals("null", JsonText.of(null));
  }
}
