// Uses a server in its own process by JavaCPP's bindings of the C interface: InProcess <models> <backends> <name of a check>...
// Each check prints a line; the last may be "exit", which leaves the server running.
import static org.bytedeco.tritonserver.global.tritonserver.*;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.bytedeco.javacpp.BoolPointer;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.bytedeco.javacpp.SizeTPointer;
import org.bytedeco.tritonserver.tritonserver.*;

public class InProcess {
  private static TRITONSERVER_Server server;
  private static TRITONSERVER_ResponseAllocator allocator;

  public static void main(String[] arguments) throws Exception {
    Map<String, Expect.Check> checks = new HashMap<>();
    checks.put("version", InProcess::version);
    checks.put("ready", InProcess::ready);
    checks.put("documents", InProcess::documents);
    checks.put("numbers", InProcess::numbers);
    checks.put("texts", InProcess::texts);
    checks.put("requests", InProcess::requests);
    checks.put("streams", InProcess::streams);
    checks.put("threads", InProcess::threads);
    checks.put("errors", InProcess::errors);
    checks.put("allocators", InProcess::allocators);
    checks.put("exceptions", InProcess::exceptions);
    checks.put("traces", InProcess::traces);
    checks.put("loading", InProcess::loading);
    checks.put("metrics", InProcess::metrics);
    checks.put("null references", InProcess::nullReferences);
    checks.put("stop", InProcess::stop);
    checks.put("exit", () -> {});

    allocator = Memory.newAllocator();
    server = start(arguments[0], arguments[1]);
    for (String name : Arrays.asList(arguments).subList(2, arguments.length)) {
      checks.get(name).run();
      System.out.println("passed: " + name);
    }
  }

  // ---- The server

  private static TRITONSERVER_Server start(String models, String backends) {
    TRITONSERVER_ServerOptions options = new TRITONSERVER_ServerOptions(null);
    Expect.must(TRITONSERVER_ServerOptionsNew(options));
    Expect.must(TRITONSERVER_ServerOptionsSetModelRepositoryPath(options, models));
    Expect.must(TRITONSERVER_ServerOptionsSetBackendDirectory(options, backends));
    Expect.must(TRITONSERVER_ServerOptionsSetModelControlMode(options, TRITONSERVER_MODEL_CONTROL_EXPLICIT));
    Expect.must(TRITONSERVER_ServerOptionsSetStartupModel(options, "*"));
    Expect.must(TRITONSERVER_ServerOptionsSetServerId(options, "within Java"));
    Expect.must(TRITONSERVER_ServerOptionsSetLogInfo(options, false));
    Expect.must(TRITONSERVER_ServerOptionsSetExitTimeout(options, 30));
    TRITONSERVER_Server made = new TRITONSERVER_Server(null);
    Expect.must(TRITONSERVER_ServerNew(made, options));
    Expect.must(TRITONSERVER_ServerOptionsDelete(options));
    return made;
  }

  private static void version() {
    int[] major = {0};
    int[] minor = {0};
    Expect.must(TRITONSERVER_ApiVersion(major, minor));
    Expect.equal(TRITONSERVER_API_VERSION_MAJOR, major[0]);
    Expect.isTrue(minor[0] >= TRITONSERVER_API_VERSION_MINOR, "minor version " + minor[0]);
    Expect.equal("INT32", TRITONSERVER_DataTypeString(TRITONSERVER_StringToDataType("INT32")));
    Expect.equal(8, TRITONSERVER_DataTypeByteSize(TRITONSERVER_TYPE_FP64));
  }

  private static void ready() {
    boolean[] is = {false};
    Expect.must(TRITONSERVER_ServerIsLive(server, is));
    Expect.isTrue(is[0], "not live");
    BoolPointer also = new BoolPointer(1);
    Expect.must(TRITONSERVER_ServerIsReady(server, also));
    Expect.isTrue(also.get(), "not ready");
    Expect.equal(true, isReady("simple"));
    int[] flags = {0};
    Expect.must(TRITONSERVER_ServerModelBatchProperties(server, "simple", -1, flags, (PointerPointer) null));
    Expect.equal(TRITONSERVER_BATCH_FIRST_DIM, flags[0]);
    Expect.must(TRITONSERVER_ServerModelTransactionProperties(server, "simple", -1, flags, (PointerPointer) null));
    Expect.equal(TRITONSERVER_TXN_ONE_TO_ONE, flags[0]);
  }

  private static boolean isReady(String model) {
    boolean[] is = {false};
    Expect.must(TRITONSERVER_ServerModelIsReady(server, model, -1, is));
    return is[0];
  }

  private static void documents() {
    Expect.contains("\"name\":\"within Java\"", json(message -> TRITONSERVER_ServerMetadata(server, message)));
    Expect.contains("{\"name\":\"INPUT0\",\"datatype\":\"INT32\",\"shape\":[-1,16]}",
        json(message -> TRITONSERVER_ServerModelMetadata(server, "simple", -1, message)));
    Expect.contains("\"max_batch_size\":8", json(message -> TRITONSERVER_ServerModelConfig(server, "simple", 1, 1, message)));
    Expect.contains("\"name\":\"simple\",\"version\":\"1\",\"state\":\"READY\"",
        json(message -> TRITONSERVER_ServerModelIndex(server, TRITONSERVER_INDEX_FLAG_READY, message)));
    Expect.contains("\"inference_stats\"", json(message -> TRITONSERVER_ServerModelStatistics(server, "simple", -1, message)));
  }

  private interface Document {
    TRITONSERVER_Error ask(TRITONSERVER_Message message);
  }

  private static String json(Document document) {
    TRITONSERVER_Message message = new TRITONSERVER_Message(null);
    Expect.must(document.ask(message));
    BytePointer text = new BytePointer((Pointer) null);
    SizeTPointer size = new SizeTPointer(1);
    Expect.must(TRITONSERVER_MessageSerializeToJson(message, text, size));
    String copy = text.limit(size.get()).getString();
    Expect.must(TRITONSERVER_MessageDelete(message));
    return copy;
  }

  // ---- Requests

  private static void numbers() throws Exception {
    Call call = new Call(server, allocator, "simple");
    call.input("INPUT0", TRITONSERVER_TYPE_INT32, new long[] {2, 16}, ints(0, 32));
    call.input("INPUT1", TRITONSERVER_TYPE_INT32, new long[] {2, 16}, ints(100, 32));
    List<Output> outputs = call.run();
    Expect.equal(2, outputs.size());
    Expect.equal("OUTPUT0 INT32 [2, 16]", outputs.get(0).toString());
    Expect.equal(100 + 2 * 31, outputs.get(0).ints()[31]);
    Expect.equal("OUTPUT1 INT32 [2, 16]", outputs.get(1).toString());
    Expect.equal(-100, outputs.get(1).ints()[0]);
    Expect.equal("simple version 1", call.answeredBy);
  }

  private static void texts() throws Exception {
    BytePointer data = new BytePointer(16 * 5);
    for (int i = 0; i < 16; ++i) {
      data.position(5 * i).put(new byte[] {1, 0, 0, 0, '7'});
    }
    Call call = new Call(server, allocator, "simple_string");
    call.input("INPUT0", TRITONSERVER_TYPE_BYTES, new long[] {1, 16}, data.position(0));
    call.input("INPUT1", TRITONSERVER_TYPE_BYTES, new long[] {1, 16}, data);
    Output sum = call.run().get(0);
    Expect.equal("OUTPUT0 BYTES [1, 16]", sum.toString());
    Expect.equal("14", new String(sum.bytes, 4, 2));
  }

  private static void requests() throws Exception {
    Call call = sumOf(1, 2);
    Expect.must(TRITONSERVER_InferenceRequestSetId(call.request, "the first"));
    Expect.must(TRITONSERVER_InferenceRequestSetStringParameter(call.request, "who", "Java"));
    Expect.must(TRITONSERVER_InferenceRequestSetPriorityUInt64(call.request, 0));
    Expect.must(TRITONSERVER_InferenceRequestAddRequestedOutput(call.request, "OUTPUT1"));
    BytePointer id = new BytePointer((Pointer) null);
    Expect.must(TRITONSERVER_InferenceRequestId(call.request, id));
    Expect.equal("the first", id.getString());
    List<Output> outputs = call.run();
    Expect.equal(1, outputs.size());
    Expect.equal("OUTPUT1", outputs.get(0).name);
    Expect.equal("the first", call.answeredId);
  }

  // A decoupled model's many responses, and a last call that has none.
  private static void streams() throws Exception {
    int[] flags = {0};
    Expect.must(TRITONSERVER_ServerModelTransactionProperties(server, "many", -1, flags, (PointerPointer) null));
    Expect.equal(TRITONSERVER_TXN_DECOUPLED, flags[0]);
    List<Output> outputs = toIdentity("many", 3).run();
    Expect.equal(100, outputs.size());
    Expect.equal(2, outputs.get(99).ints()[2]);
  }

  private static void threads() throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(4);
    List<Future<Integer>> sums = new ArrayList<>();
    for (int i = 0; i < 400; ++i) {
      int left = i;
      sums.add(pool.submit(() -> sumOf(left, 1).run().get(0).ints()[15]));
      if (i % 100 == 0) {
        System.gc();
      }
    }
    for (int i = 0; i < sums.size(); ++i) {
      Expect.equal(i + 1, sums.get(i).get(60, TimeUnit.SECONDS));
    }
    pool.shutdown();
    Expect.equal(0, Memory.buffers.get());
  }

  private static void errors() throws Exception {
    Expect.refused("Not found: ", () -> new Call(server, allocator, "missing"));
    Call call = new Call(server, allocator, "simple");
    call.input("INPUT0", TRITONSERVER_TYPE_INT32, new long[] {1, 16}, ints(0, 16));
    Expect.refused("Invalid argument: ", call::run);
    TRITONSERVER_Error error = TRITONSERVER_ErrorNew(TRITONSERVER_ERROR_UNSUPPORTED, "not today");
    Expect.equal(TRITONSERVER_ERROR_UNSUPPORTED, TRITONSERVER_ErrorCode(error));
    Expect.refused("Unsupported: not today", () -> Expect.must(error));
  }

  private static void allocators() throws Exception {
    Expect.equal(0, Memory.buffers.get());
    int before = Memory.starts.get();
    sumOf(1, 1).run();
    Expect.equal(before + 1, Memory.starts.get());
    Expect.refused("OUTPUT0 has more bytes than are allowed", () -> toIdentity("identity", Memory.LARGEST_OUTPUT / 4 + 1).run());
    Expect.equal(0, Memory.buffers.get());
  }

  private static void exceptions() throws Exception {
    Expect.refused("java.lang.IllegalStateException: thirteen", () -> toIdentity("identity", Memory.CAUSES_A_THROW / 4).run());
    Expect.equal(12, toIdentity("identity", 12).run().get(0).ints().length);
  }

  private static void traces() throws Exception {
    Call call = sumOf(1, 1);
    call.trace();
    call.run();
    Expect.contains("REQUEST_START", call.activities.toString());
    Expect.contains("REQUEST_END", call.activities.toString());
  }

  private static Call sumOf(int left, int right) {
    Call call = new Call(server, allocator, "simple");
    call.input("INPUT0", TRITONSERVER_TYPE_INT32, new long[] {1, 16}, repeated(left));
    call.input("INPUT1", TRITONSERVER_TYPE_INT32, new long[] {1, 16}, repeated(right));
    return call;
  }

  private static Call toIdentity(String model, int elements) {
    Call call = new Call(server, allocator, model);
    call.input("INPUT0", TRITONSERVER_TYPE_INT32, new long[] {1, elements}, ints(0, elements));
    return call;
  }

  private static IntPointer ints(int first, int count) {
    IntPointer values = new IntPointer(count);
    for (int i = 0; i < count; ++i) {
      values.put(i, first + i);
    }
    return values;
  }

  private static IntPointer repeated(int value) {
    IntPointer values = new IntPointer(16);
    for (int i = 0; i < 16; ++i) {
      values.put(i, value);
    }
    return values;
  }

  // ---- What else a program does

  private static void loading() {
    Expect.must(TRITONSERVER_ServerUnloadModel(server, "identity"));
    Expect.refused("", () -> toIdentity("identity", 3).run());
    Expect.must(TRITONSERVER_ServerLoadModel(server, "identity"));
    Expect.equal(true, isReady("identity"));
    Expect.refused("", () -> Expect.must(TRITONSERVER_ServerLoadModel(server, "missing")));
  }

  private static void metrics() {
    TRITONSERVER_MetricFamily family = new TRITONSERVER_MetricFamily(null);
    Expect.must(TRITONSERVER_MetricFamilyNew(family, TRITONSERVER_METRIC_KIND_COUNTER, "java_cups", "Cups of coffee"));
    TRITONSERVER_Parameter label = TRITONSERVER_ParameterNew("size", TRITONSERVER_PARAMETER_STRING, new BytePointer("small"));
    TRITONSERVER_Metric metric = new TRITONSERVER_Metric(null);
    Expect.must(TRITONSERVER_MetricNew(metric, family, label, 1));
    TRITONSERVER_ParameterDelete(label);
    Expect.must(TRITONSERVER_MetricIncrement(metric, 2.5));
    DoublePointer value = new DoublePointer(1);
    Expect.must(TRITONSERVER_MetricValue(metric, value));
    Expect.equal(2.5, value.get());

    TRITONSERVER_Metrics all = new TRITONSERVER_Metrics(null);
    Expect.must(TRITONSERVER_ServerMetrics(server, all));
    BytePointer text = new BytePointer((Pointer) null);
    SizeTPointer size = new SizeTPointer(1);
    Expect.must(TRITONSERVER_MetricsFormatted(all, TRITONSERVER_METRIC_PROMETHEUS, text, size));
    Expect.contains("java_cups{size=\"small\"} 2.5", text.limit(size.get()).getString());
    Expect.contains("nv_inference_request_success{model=\"simple\"", text.getString());
    Expect.must(TRITONSERVER_MetricsDelete(all));
    Expect.must(TRITONSERVER_MetricDelete(metric));
    Expect.must(TRITONSERVER_MetricFamilyDelete(family));
  }

  // Compiled Java notices a null reference by SIGSEGV: the server must have left that signal to the virtual machine.
  private static void nullReferences() {
    int caught = 0;
    for (int i = 0; i < 200_000; ++i) {
      try {
        caught += lengthOf(i % 1000 == 0 ? null : "text");
      } catch (NullPointerException expected) {
        ++caught;
      }
    }
    Expect.equal(200_000 / 1000 * (999 * 4 + 1), caught);
  }

  private static int lengthOf(String text) {
    return text.length();
  }

  private static void stop() {
    Expect.must(TRITONSERVER_ServerStop(server));
    Expect.refused("'simple' has no available versions", () -> sumOf(1, 1).run());
    Expect.must(TRITONSERVER_ServerDelete(server));
    Expect.must(TRITONSERVER_ResponseAllocatorDelete(allocator));
    Expect.equal(0, Memory.buffers.get());
  }
}
