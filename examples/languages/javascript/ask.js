// Asks a server for its state, a model's metadata, an answer and a stream of them: node ask.js [host:port]
// NESO_PROTO names the folder with the protocol files: <tree>/share/neso/proto.
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');
const { promisify } = require('util');

const definition = loader.loadSync('grpc_service.proto', { includeDirs: [process.env.NESO_PROTO], keepCase: true, longs: Number });
const { GRPCInferenceService } = grpc.loadPackageDefinition(definition).inference;
const client = new GRPCInferenceService(process.argv[2] ?? 'localhost:8001', grpc.credentials.createInsecure());
const call = (method, request) => promisify(client[method]).call(client, request);

function toBytes(values) {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => bytes.writeFloatLE(value, 4 * i));
  return bytes;
}

function toText(bytes) {
  const values = Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
  return `[${values.map((value) => value.toFixed(1)).join(' ')}]`;
}

function request(model, values) {
  return {
    model_name: model,
    inputs: [{ name: 'INPUT', datatype: 'FP32', shape: [values.length] }],
    raw_input_contents: [toBytes(values)],
  };
}

async function main() {
  const { live } = await call('ServerLive', {});
  console.log('live:', live);

  const metadata = await call('ModelMetadata', { name: 'echo' });
  for (const { name, datatype, shape } of metadata.inputs) console.log(`input: ${name} ${datatype} [${shape}]`);

  const answer = await call('ModelInfer', request('echo', [1, 2.5, 3]));
  console.log('answer:', toText(answer.raw_output_contents[0]));

  // A decoupled model gives any number of answers; the stream ends when all have come.
  const stream = client.ModelStreamInfer();
  stream.write(request('repeat', [4, 5]));
  stream.end();
  for await (const message of stream) {
    if (message.error_message) throw new Error(message.error_message);
    console.log('streamed:', toText(message.infer_response.raw_output_contents[0]));
  }

  try {
    await call('ModelInfer', request('missing', [1]));
  } catch (error) {
    console.log(`refused: ${grpc.status[error.code]}: ${error.details}`);
  }
}

main().finally(() => client.close());
