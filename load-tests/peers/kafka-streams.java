import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.state.QueryableStoreTypes;
import org.apache.kafka.streams.state.WindowStore;

/**
 * `java -cp 'LIBS/*' kafka-streams.java BROKER STATE-DIR SPAN-MS NAME:BY:WINDOW-MS…`: windows of readings, kept up to date by
 * Kafka Streams. Reads statements from its input, as JSON strings a line each, and answers each with a line of JSON:
 * `load FILE` puts the rows of a file into a topic, as JSON, and waits until every window counts them; `ask NAME FROM-MS TO-MS`
 * gives the windows.
 */
final class KafkaStreamsPeer {
  /** Of the topic, and threads: as many as the machine has cores to share with the broker. */
  private static final int PARTITIONS = 2;
  private static final Duration READY_TIMEOUT = Duration.ofSeconds(90);

  private static final ObjectMapper JSON = new ObjectMapper();

  private record Question(String name, String by, long windowMs, AtomicLong counted) {}

  private record Stats(long count, double sum, double min, double max) {
    static final Stats NONE = new Stats(0, 0, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY);

    Stats with(double value) {
      return new Stats(count + 1, sum + value, Math.min(min, value), Math.max(max, value));
    }
  }

  private static final Serde<Stats> STATS =
      Serdes.serdeFrom(
          (topic, stats) ->
              stats == null
                  ? null
                  : ByteBuffer.allocate(32)
                      .putLong(stats.count)
                      .putDouble(stats.sum)
                      .putDouble(stats.min)
                      .putDouble(stats.max)
                      .array(),
          (topic, bytes) -> {
            if (bytes == null) return null;
            ByteBuffer in = ByteBuffer.wrap(bytes);
            return new Stats(in.getLong(), in.getDouble(), in.getDouble(), in.getDouble());
          });

  public static void main(String[] args) throws Exception {
    PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    String broker = args[0];
    long spanMs = Long.parseLong(args[2]);
    List<Question> questions = new ArrayList<>();
    for (int i = 3; i < args.length; i++) {
      String[] parts = args[i].split(":");
      questions.add(new Question(parts[0], parts[1], Long.parseLong(parts[2]), new AtomicLong()));
    }
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker))) {
      admin.createTopics(List.of(new NewTopic("readings", PARTITIONS, (short) 1))).all().get();
    }
    try (KafkaStreams streams = open(broker, args[1], Duration.ofMillis(spanMs), questions)) {
      BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        String[] statement = JSON.readValue(line, String.class).split(" ");
        long startNs = System.nanoTime();
        Map<String, Object> answer;
        try {
          List<String[]> rows =
              statement[0].equals("load")
                  ? load(broker, Path.of(statement[1]), questions)
                  : ask(streams, statement[1], Long.parseLong(statement[2]), Long.parseLong(statement[3]));
          answer = Map.of("ms", (System.nanoTime() - startNs) / 1e6, "rows", rows);
        } catch (Exception failure) {
          answer = Map.of("error", failure.toString());
        }
        out.println(JSON.writeValueAsString(answer));
        out.flush();
      }
    }
  }

  /** The grace is as long as the file: of readings that come late none is left out. */
  private static KafkaStreams open(String broker, String stateDir, Duration span, List<Question> questions)
      throws Exception {
    StreamsBuilder builder = new StreamsBuilder();
    KStream<String, JsonNode> readings =
        builder.stream("readings", Consumed.with(Serdes.String(), Serdes.String())).mapValues(KafkaStreamsPeer::parsed);
    for (Question question : questions) {
      Serde<Double> values = Serdes.Double();
      var grouped =
          question.by.equals("device")
              ? readings.mapValues(one -> one.get("value").doubleValue()).groupByKey(Grouped.with(Serdes.String(), values))
              : readings
                  .selectKey((device, one) -> one.get(question.by).textValue())
                  .mapValues(one -> one.get("value").doubleValue())
                  .groupByKey(Grouped.with(Serdes.String(), values));
      grouped
          .windowedBy(TimeWindows.ofSizeAndGrace(Duration.ofMillis(question.windowMs), span))
          .aggregate(
              () -> Stats.NONE,
              (group, value, stats) -> {
                question.counted.incrementAndGet();
                return stats.with(value);
              },
              Materialized.<String, Stats, WindowStore<Bytes, byte[]>>as(question.name)
                  .withKeySerde(Serdes.String())
                  .withValueSerde(STATS)
                  .withRetention(span.multipliedBy(2).plusMillis(question.windowMs)));
    }
    Properties options = new Properties();
    options.put(StreamsConfig.APPLICATION_ID_CONFIG, "windows");
    options.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, broker);
    options.put(StreamsConfig.STATE_DIR_CONFIG, stateDir);
    options.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, PARTITIONS);
    KafkaStreams streams = new KafkaStreams(builder.build(), options);
    AtomicReference<Throwable> failed = new AtomicReference<>();
    streams.setUncaughtExceptionHandler(
        failure -> {
          failed.set(failure);
          return org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse
              .SHUTDOWN_CLIENT;
        });
    streams.start();
    Instant end = Instant.now().plus(READY_TIMEOUT);
    while (streams.state() != KafkaStreams.State.RUNNING) {
      if (failed.get() != null) throw new IllegalStateException(failed.get());
      if (Instant.now().isAfter(end)) throw new IllegalStateException("Kafka Streams did not get ready");
      Thread.sleep(20);
    }
    return streams;
  }

  private static JsonNode parsed(String text) {
    try {
      return JSON.readTree(text);
    } catch (Exception failure) {
      throw new IllegalStateException(failure);
    }
  }

  private static List<String[]> load(String broker, Path file, List<Question> questions) throws Exception {
    Properties options = new Properties();
    options.put("bootstrap.servers", broker);
    options.put("acks", "all");
    options.put("linger.ms", "5");
    options.put("batch.size", "131072");
    long sent = 0;
    try (KafkaProducer<String, String> producer =
            new KafkaProducer<>(options, new StringSerializer(), new StringSerializer());
        BufferedReader lines = Files.newBufferedReader(file)) {
      lines.readLine();
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        String[] cells = line.split(",");
        String json =
            "{\"time\":\"" + cells[0] + "\",\"device\":\"" + cells[1] + "\",\"region\":\"" + cells[2] + "\",\"value\":" + cells[3] + "}";
        producer.send(new ProducerRecord<>("readings", null, Instant.parse(cells[0]).toEpochMilli(), cells[1], json));
        sent++;
      }
    }
    for (Question question : questions) while (question.counted.get() < sent) Thread.sleep(1);
    return List.of();
  }

  private static List<String[]> ask(KafkaStreams streams, String name, long fromMs, long toMs) {
    var store = streams.store(StoreQueryParameters.fromNameAndType(name, QueryableStoreTypes.<String, Stats>windowStore()));
    List<String[]> rows = new ArrayList<>();
    try (var found = store.fetchAll(Instant.ofEpochMilli(fromMs), Instant.ofEpochMilli(toMs - 1))) {
      while (found.hasNext()) {
        var one = found.next();
        Stats stats = one.value;
        rows.add(
            new String[] {
              one.key.key(),
              Long.toString(one.key.window().start()),
              Long.toString(stats.count),
              Double.toString(stats.sum),
              Double.toString(stats.min),
              Double.toString(stats.max)
            });
      }
    }
    return rows;
  }
}
