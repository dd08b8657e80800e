// Uses a server in its own process by JavaCPP's bindings of the C interface: InProcess <models> <backends> <name of a check>...
// Each check prints a line; the last may be "exit", which leaves the server running.
import static org.bytedeco.tritonserver.global.tritonserver.*;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.bytedeco.javacpp.BoolPointer;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.bytedeco.javacpp.SizeTPointer;
import org.bytedeco.tritonserver.tritonserver.*;

public class InProcess {
  private static final int LARGEST_OUTPUT = 1 << 20;  // bytes; the allocator below refuses more
  private static final int CAUSES_A_THROW = 13 * 4;   // bytes; it throws for these

  private static final AtomicInteger buffers = new AtomicInteger();  // given to the server and not yet taken back
  private static final AtomicInteger starts = new AtomicInteger();

  // The native side keeps no references: an allocator or a callback that is only local would be collected under it.
  private static final Map<Pointer, Call> calls = new ConcurrentHashMap<>();  // by `userp`
  private static final Allocate ALLOCATE = new Allocate();
  private static final Free FREE = new Free();
  private static final Start START = new Start();
  private static final Complete COMPLETE = new Complete();
  private static final Release RELEASE = new Release();
  private static final Activity ACTIVITY = new Activity();
  private static final TraceRelease TRACE_RELEASE = new TraceRelease();

  private static TRITONSERVER_Server server;
  private static TRITONSERVER_ResponseAllocator allocator;

  public static void main(String[] arguments) throws Exception {
    allocator = new TRITONSERVER_ResponseAllocator(null);
    must(TRITONSERVER_ResponseAllocatorNew(allocator, ALLOCATE, FREE, START));
    server = start(arguments[0], arguments[1]);
    Map<String, Callable<Void>> checks = Map.ofEntries(
        check("version", InProcess::version), check("ready", InProcess::ready), check("documents", InProcess::documents),
        check("numbers", InProcess::numbers), check("texts", InProcess::texts), check("requests", InProcess::requests),
        check("threads", InProcess::threads), check("errors", InProcess::errors), check("allocators", InProcess::allocators),
        check("exceptions", InProcess::exceptions), check("traces", InProcess::traces), check("loading", InProcess::loading),
        check("metrics", InProcess::metrics), check("null references", InProcess::nullReferences),
        check("stop", InProcess::stop), check("exit", () -> {}));
    for (String name : Arrays.asList(arguments).subList(2, arguments.length)) {
      checks.get(name).call();
      System.out.println("passed: " + name);
    }
  }

  private interface Check {
    void run() throws Exception;
  }

  private static Map.Entry<String, Callable<Void>> check(String name, Check check) {
    return Map.entry(name, () -> {
      check.run();
      return null;
    });
  }

  // ---- The server

  private static TRITONSERVER_Server start(String models, String backends) {
    TRITONSERVER_ServerOptions options = new TRITONSERVER_ServerOptions(null);
    must(TRITONSERVER_ServerOptionsNew(options));
    must(TRITONSERVER_ServerOptionsSetModelRepositoryPath(options, models));
    must(TRITONSERVER_ServerOptionsSetBackendDirectory(options, backends));
    must(TRITONSERVER_ServerOptionsSetModelControlMode(options, TRITONSERVER_MODEL_CONTROL_EXPLICIT));
    must(TRITONSERVER_ServerOptionsSetStartupModel(options, "*"));
    must(TRITONSERVER_ServerOptionsSetServerId(options, "within Java"));
    must(TRITONSERVER_ServerOptionsSetLogInfo(options, false));
    must(TRITONSERVER_ServerOptionsSetExitTimeout(options, 30));
    TRITONSERVER_Server made = new TRITONSERVER_Server(null);
    must(TRITONSERVER_ServerNew(made, options));
    must(TRITONSERVER_ServerOptionsDelete(options));
    return made;
  }

  private static void version() {
    int[] major = {0};
    int[] minor = {0};
    must(TRITONSERVER_ApiVersion(major, minor));
    equal(TRITONSERVER_API_VERSION_MAJOR, major[0]);
    isTrue(minor[0] >= TRITONSERVER_API_VERSION_MINOR, "minor version " + minor[0]);
    equal("INT32", TRITONSERVER_DataTypeString(TRITONSERVER_StringToDataType("INT32")));
    equal(8, TRITONSERVER_DataTypeByteSize(TRITONSERVER_TYPE_FP64));
  }

  private static void ready() {
    boolean[] is = {false};
    must(TRITONSERVER_ServerIsLive(server, is));
    isTrue(is[0], "not live");
    BoolPointer also = new BoolPointer(1);
    must(TRITONSERVER_ServerIsReady(server, also));
    isTrue(also.get(), "not ready");
    equal(true, isReady("simple"));
    int[] flags = {0};
    must(TRITONSERVER_ServerModelBatchProperties(server, "simple", -1, flags, (PointerPointer) null));
    equal(TRITONSERVER_BATCH_FIRST_DIM, flags[0]);
    must(TRITONSERVER_ServerModelTransactionProperties(server, "simple", -1, flags, (PointerPointer) null));
    equal(TRITONSERVER_TXN_ONE_TO_ONE, flags[0]);
  }

  private static boolean isReady(String model) {
    boolean[] is = {false};
    must(TRITONSERVER_ServerModelIsReady(server, model, -1, is));
    return is[0];
  }

  private static void documents() {
    contains("\"name\":\"within Java\"", json(message -> TRITONSERVER_ServerMetadata(server, message)));
    contains("{\"name\":\"INPUT0\",\"datatype\":\"INT32\",\"shape\":[-1,16]}",
        json(message -> TRITONSERVER_ServerModelMetadata(server, "simple", -1, message)));
    contains("\"max_batch_size\":8", json(message -> TRITONSERVER_ServerModelConfig(server, "simple", 1, 1, message)));
    contains("\"name\":\"simple\",\"version\":\"1\",\"state\":\"READY\"",
        json(message -> TRITONSERVER_ServerModelIndex(server, TRITONSERVER_INDEX_FLAG_READY, message)));
    contains("\"inference_stats\"", json(message -> TRITONSERVER_ServerModelStatistics(server, "simple", -1, message)));
  }

  private interface Document {
    TRITONSERVER_Error ask(TRITONSERVER_Message message);
  }

  private static String json(Document document) {
    TRITONSERVER_Message message = new TRITONSERVER_Message(null);
    must(document.ask(message));
    BytePointer text = new BytePointer((Pointer) null);
    SizeTPointer size = new SizeTPointer(1);
    must(TRITONSERVER_MessageSerializeToJson(message, text, size));
    String copy = text.limit(size.get()).getString();
    must(TRITONSERVER_MessageDelete(message));
    return copy;
  }

  // ---- Requests

  private static void numbers() throws Exception {
    Call call = new Call("simple");
    call.input("INPUT0", TRITONSERVER_TYPE_INT32, new long[] {2, 16}, ints(0, 32));
    call.input("INPUT1", TRITONSERVER_TYPE_INT32, new long[] {2, 16}, ints(100, 32));
    List<Output> outputs = call.run();
    equal(2, outputs.size());
    equal("OUTPUT0 INT32 [2, 16]", outputs.get(0).toString());
    equal(100 + 2 * 31, outputs.get(0).ints()[31]);
    equal("OUTPUT1 INT32 [2, 16]", outputs.get(1).toString());
    equal(-100, outputs.get(1).ints()[0]);
    equal("simple version 1", call.answeredBy);
  }

  private static void texts() throws Exception {
    BytePointer data = new BytePointer(16 * 5);
    for (int i = 0; i < 16; ++i) {
      data.position(5 * i).put(new byte[] {1, 0, 0, 0, '7'});
    }
    Call call = new Call("simple_string");
    call.input("INPUT0", TRITONSERVER_TYPE_BYTES, new long[] {1, 16}, data.position(0));
    call.input("INPUT1", TRITONSERVER_TYPE_BYTES, new long[] {1, 16}, data);
    Output sum = call.run().get(0);
    equal("OUTPUT0 BYTES [1, 16]", sum.toString());
    equal("14", new String(sum.bytes, 4, 2));
  }

  private static void requests() throws Exception {
    Call call = sumOf(1, 2);
    must(TRITONSERVER_InferenceRequestSetId(call.request, "the first"));
    must(TRITONSERVER_InferenceRequestSetStringParameter(call.request, "who", "Java"));
    must(TRITONSERVER_InferenceRequestSetPriorityUInt64(call.request, 0));
    must(TRITONSERVER_InferenceRequestAddRequestedOutput(call.request, "OUTPUT1"));
    BytePointer id = new BytePointer((Pointer) null);
    must(TRITONSERVER_InferenceRequestId(call.request, id));
    equal("the first", id.getString());
    List<Output> outputs = call.run();
    equal(1, outputs.size());
    equal("OUTPUT1", outputs.get(0).name);
    equal("the first", call.answeredId);
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
      equal(i + 1, sums.get(i).get(60, TimeUnit.SECONDS));
    }
    pool.shutdown();
    equal(0, buffers.get());
  }

  private static void errors() throws Exception {
    refused("Not found: ", () -> new Call("missing"));
    Call call = new Call("simple");
    call.input("INPUT0", TRITONSERVER_TYPE_INT32, new long[] {1, 16}, ints(0, 16));
    refused("Invalid argument: ", call::run);
    TRITONSERVER_Error error = TRITONSERVER_ErrorNew(TRITONSERVER_ERROR_UNSUPPORTED, "not today");
    equal(TRITONSERVER_ERROR_UNSUPPORTED, TRITONSERVER_ErrorCode(error));
    refused("Unsupported: not today", () -> must(error));
  }

  private static void allocators() throws Exception {
    equal(0, buffers.get());
    int before = starts.get();
    sumOf(1, 1).run();
    equal(before + 1, starts.get());
    refused("OUTPUT0 has more bytes than are allowed", () -> identity(LARGEST_OUTPUT / 4 + 1).run());
    equal(0, buffers.get());
  }

  private static void exceptions() throws Exception {
    refused("java.lang.IllegalStateException: thirteen", () -> identity(CAUSES_A_THROW / 4).run());
    equal(12, identity(12).run().get(0).ints().length);
  }

  private static void traces() throws Exception {
    TRITONSERVER_InferenceTrace trace = new TRITONSERVER_InferenceTrace(null);
    Call call = sumOf(1, 1);
    must(TRITONSERVER_InferenceTraceNew(trace, TRITONSERVER_TRACE_LEVEL_TIMESTAMPS, 0, ACTIVITY, TRACE_RELEASE, call.key));
    call.trace = trace;
    call.run();
    call.traced.get(30, TimeUnit.SECONDS);
    contains("REQUEST_START", call.activities.toString());
    contains("REQUEST_END", call.activities.toString());
  }

  private static Call sumOf(int left, int right) {
    Call call = new Call("simple");
    call.input("INPUT0", TRITONSERVER_TYPE_INT32, new long[] {1, 16}, repeated(left));
    call.input("INPUT1", TRITONSERVER_TYPE_INT32, new long[] {1, 16}, repeated(right));
    return call;
  }

  private static Call identity(int elements) {
    Call call = new Call("identity");
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

  private static final class Output {
    final String name;
    final String datatype;
    final long[] shape;
    final byte[] bytes;

    Output(TRITONSERVER_InferenceResponse response, int index) {
      BytePointer name = new BytePointer((Pointer) null);
      IntPointer datatype = new IntPointer(1);
      LongPointer shape = new LongPointer((Pointer) null);
      LongPointer dimensions = new LongPointer(1);
      Pointer base = new Pointer((Pointer) null);
      SizeTPointer size = new SizeTPointer(1);
      must(TRITONSERVER_InferenceResponseOutput(response, index, name, datatype, shape, dimensions, base, size,
          new IntPointer(1), new LongPointer(1), new Pointer((Pointer) null)));
      this.name = name.getString();
      this.datatype = TRITONSERVER_DataTypeString(datatype.get());
      this.shape = new long[(int) dimensions.get()];
      shape.get(this.shape);
      bytes = new byte[(int) size.get()];
      new BytePointer(base).capacity(bytes.length).get(bytes);
    }

    int[] ints() {
      int[] values = new int[bytes.length / 4];
      new IntPointer(new BytePointer(bytes)).get(values);
      return values;
    }

    @Override
    public String toString() {
      return name + " " + datatype + " " + Arrays.toString(shape);
    }
  }

  private static final class Call {
    final Pointer key = new BytePointer(1);
    final TRITONSERVER_InferenceRequest request = new TRITONSERVER_InferenceRequest(null);
    final CompletableFuture<List<Output>> answer = new CompletableFuture<>();
    final CompletableFuture<Void> released = new CompletableFuture<>();
    final CompletableFuture<Void> traced = new CompletableFuture<>();
    final List<String> activities = new ArrayList<>();
    final List<Pointer> inputs = new ArrayList<>();  // kept until the request is released
    TRITONSERVER_InferenceTrace trace;
    String answeredBy;
    String answeredId;

    Call(String model) {
      must(TRITONSERVER_InferenceRequestNew(request, server, model, -1));
      calls.put(key, this);
      must(TRITONSERVER_InferenceRequestSetReleaseCallback(request, RELEASE, key));
      must(TRITONSERVER_InferenceRequestSetResponseCallback(request, allocator, null, COMPLETE, key));
    }

    void input(String name, int datatype, long[] shape, Pointer data) {
      inputs.add(data);
      long size = (data.limit() - data.position()) * data.sizeof();
      must(TRITONSERVER_InferenceRequestAddInput(request, name, datatype, shape, shape.length));
      must(TRITONSERVER_InferenceRequestAppendInputData(request, name, data, size, TRITONSERVER_MEMORY_CPU, 0));
    }

    List<Output> run() throws Exception {
      try {
        must(TRITONSERVER_ServerInferAsync(server, request, trace));
        released.get(30, TimeUnit.SECONDS);
        return answer.get(30, TimeUnit.SECONDS);
      } catch (java.util.concurrent.ExecutionException failed) {
        throw new IllegalStateException(failed.getCause().getMessage(), failed);
      } finally {
        calls.remove(key);
        must(TRITONSERVER_InferenceRequestDelete(request));
      }
    }

    void complete(TRITONSERVER_InferenceResponse response) {
      try {
        must(TRITONSERVER_InferenceResponseError(response));
        BytePointer text = new BytePointer((Pointer) null);
        LongPointer version = new LongPointer(1);
        must(TRITONSERVER_InferenceResponseModel(response, text, version));
        answeredBy = text.getString() + " version " + version.get();
        must(TRITONSERVER_InferenceResponseId(response, text));
        answeredId = text.getString();
        int[] count = {0};
        must(TRITONSERVER_InferenceResponseOutputCount(response, count));
        List<Output> outputs = new ArrayList<>();
        for (int i = 0; i < count[0]; ++i) {
          outputs.add(new Output(response, i));
        }
        must(TRITONSERVER_InferenceResponseDelete(response));
        answer.complete(outputs);
      } catch (RuntimeException failed) {
        must(TRITONSERVER_InferenceResponseDelete(response));
        answer.completeExceptionally(failed);
      }
    }
  }

  // ---- Callbacks

  private static final class Allocate extends TRITONSERVER_ResponseAllocatorAllocFn_t {
    @Override
    @SuppressWarnings("rawtypes")  // so are the bindings
    public TRITONSERVER_Error call(
        TRITONSERVER_ResponseAllocator allocator, String name, long size, int type, long typeId, Pointer userp,
        PointerPointer buffer, PointerPointer bufferUserp, IntPointer actualType, LongPointer actualTypeId) {
      if (size > LARGEST_OUTPUT) {
        return TRITONSERVER_ErrorNew(TRITONSERVER_ERROR_UNAVAILABLE, name + " has more bytes than are allowed");
      }
      if (size == CAUSES_A_THROW) {
        throw new IllegalStateException("thirteen");
      }
      buffers.incrementAndGet();
      buffer.put(0, Pointer.malloc(size));
      bufferUserp.put(0, (Pointer) null);
      actualType.put(0, TRITONSERVER_MEMORY_CPU);
      actualTypeId.put(0, 0);
      return null;
    }
  }

  private static final class Free extends TRITONSERVER_ResponseAllocatorReleaseFn_t {
    @Override
    public TRITONSERVER_Error call(
        TRITONSERVER_ResponseAllocator allocator, Pointer buffer, Pointer bufferUserp, long size, int type, long typeId) {
      buffers.decrementAndGet();
      Pointer.free(buffer);
      return null;
    }
  }

  private static final class Start extends TRITONSERVER_ResponseAllocatorStartFn_t {
    @Override
    public TRITONSERVER_Error call(TRITONSERVER_ResponseAllocator allocator, Pointer userp) {
      starts.incrementAndGet();
      return null;
    }
  }

  private static final class Complete extends TRITONSERVER_InferenceResponseCompleteFn_t {
    @Override
    public void call(TRITONSERVER_InferenceResponse response, int flags, Pointer userp) {
      calls.get(userp).complete(response);
    }
  }

  private static final class Release extends TRITONSERVER_InferenceRequestReleaseFn_t {
    @Override
    public void call(TRITONSERVER_InferenceRequest request, int flags, Pointer userp) {
      calls.get(userp).released.complete(null);
    }
  }

  private static final class Activity extends TRITONSERVER_InferenceTraceActivityFn_t {
    @Override
    public void call(TRITONSERVER_InferenceTrace trace, int activity, long time, Pointer userp) {
      calls.get(userp).activities.add(TRITONSERVER_InferenceTraceActivityString(activity));
    }
  }

  private static final class TraceRelease extends TRITONSERVER_InferenceTraceReleaseFn_t {
    @Override
    public void call(TRITONSERVER_InferenceTrace trace, Pointer userp) {
      Call call = calls.get(userp);
      must(TRITONSERVER_InferenceTraceDelete(trace));
      call.traced.complete(null);
    }
  }

  // ---- What else a program does

  private static void loading() {
    must(TRITONSERVER_ServerUnloadModel(server, "identity"));
    refused("", () -> identity(3).run());
    must(TRITONSERVER_ServerLoadModel(server, "identity"));
    equal(true, isReady("identity"));
    refused("", () -> must(TRITONSERVER_ServerLoadModel(server, "missing")));
  }

  private static void metrics() {
    TRITONSERVER_MetricFamily family = new TRITONSERVER_MetricFamily(null);
    must(TRITONSERVER_MetricFamilyNew(family, TRITONSERVER_METRIC_KIND_COUNTER, "java_cups", "Cups of coffee"));
    TRITONSERVER_Parameter label = TRITONSERVER_ParameterNew("size", TRITONSERVER_PARAMETER_STRING, new BytePointer("small"));
    TRITONSERVER_Metric metric = new TRITONSERVER_Metric(null);
    must(TRITONSERVER_MetricNew(metric, family, label, 1));
    TRITONSERVER_ParameterDelete(label);
    must(TRITONSERVER_MetricIncrement(metric, 2.5));
    DoublePointer value = new DoublePointer(1);
    must(TRITONSERVER_MetricValue(metric, value));
    equal(2.5, value.get());

    TRITONSERVER_Metrics all = new TRITONSERVER_Metrics(null);
    must(TRITONSERVER_ServerMetrics(server, all));
    BytePointer text = new BytePointer((Pointer) null);
    SizeTPointer size = new SizeTPointer(1);
    must(TRITONSERVER_MetricsFormatted(all, TRITONSERVER_METRIC_PROMETHEUS, text, size));
    contains("java_cups{size=\"small\"} 2.5", text.limit(size.get()).getString());
    contains("nv_inference_request_success{model=\"simple\"", text.getString());
    must(TRITONSERVER_MetricsDelete(all));
    must(TRITONSERVER_MetricDelete(metric));
    must(TRITONSERVER_MetricFamilyDelete(family));
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
    equal(200_000 / 1000 * (999 * 4 + 1), caught);
  }

  private static int lengthOf(String text) {
    return text.length();
  }

  private static void stop() {
    must(TRITONSERVER_ServerStop(server));
    refused("'simple' has no available versions", () -> sumOf(1, 1).run());
    must(TRITONSERVER_ServerDelete(server));
    must(TRITONSERVER_ResponseAllocatorDelete(allocator));
    equal(0, buffers.get());
    equal(0, calls.size());
  }

  // ---- Expectations

  private static void must(TRITONSERVER_Error error) {
    if (error != null) {
      String text = TRITONSERVER_ErrorCodeString(error) + ": " + TRITONSERVER_ErrorMessage(error);
      TRITONSERVER_ErrorDelete(error);
      throw new IllegalStateException(text);
    }
  }

  private static void refused(String text, Check check) {
    try {
      check.run();
    } catch (Exception refusal) {
      contains(text, String.valueOf(refusal.getMessage()));
      return;
    }
    throw new AssertionError("expected a refusal with '" + text + "'");
  }

  private static void equal(Object expected, Object got) {
    isTrue(expected.equals(got), "expected " + expected + ", got " + got);
  }

  private static void contains(String part, String text) {
    isTrue(text.contains(part), "expected '" + part + "' in: " + text);
  }

  private static void isTrue(boolean condition, String otherwise) {
    if (!condition) {
      throw new AssertionError(otherwise);
    }
  }
}
