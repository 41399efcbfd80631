;; Keeps something of WASI open, one of each kind that there is.
(import "wasi:clocks/monotonic-clock@0.2.0" "subscribe-duration" (func $sleep (param i64) (result i32)))
(import "wasi:cli/stdout@0.2.0" "get-stdout" (func $stdout (result i32)))
(import "wasi:cli/stdin@0.2.0" "get-stdin" (func $stdin (result i32)))
(import "wasi:io/streams@0.2.0" "[method]output-stream.subscribe" (func $subscribe (param i32) (result i32)))
(import "wasi:io/streams@0.2.0" "[method]input-stream.subscribe" (func $subscribe_in (param i32) (result i32)))
(import "wasi:io/streams@0.2.0" "[resource-drop]output-stream" (func $close (param i32)))
(import "wasi:filesystem/preopens@0.2.0" "get-directories" (func $directories (param i32)))
(import "wasi:sockets/instance-network@0.2.0" "instance-network" (func $network (result i32)))
(import "wasi:sockets/tcp-create-socket@0.2.0" "create-tcp-socket" (func $tcp (param i32 i32)))
(import "wasi:sockets/udp-create-socket@0.2.0" "create-udp-socket" (func $udp (param i32 i32)))
(import "wasi:sockets/ip-name-lookup@0.2.0" "resolve-addresses" (func $resolve (param i32 i32 i32 i32)))
(data (i32.const 256) "localhost")

(func $evil:clock (drop (call $sleep (i64.const 0))))
(func $evil:many_clocks
  (local $left i32)
  (local.set $left (i32.const 800))
  (loop $more
    (drop (call $sleep (i64.const -1)))
    (br_if $more (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))
;; As many handles as there are streams, and one of them is another.
(func $evil:clock_for_a_stream
  (call $close (call $stdout))
  (drop (call $sleep (i64.const -1))))
(func $evil:stream_pollable (drop (call $subscribe (call $stdout))))
(func $evil:stdin_pollable (drop (call $subscribe_in (call $stdin))))
(func $evil:input_stream (drop (call $stdin)))
(func $evil:output_stream (drop (call $stdout)) (drop (call $stdout)))
(func $evil:network (drop (call $network)))
(func $evil:descriptor (call $directories (i32.const 96)))
(func $evil:tcp_socket (call $tcp (i32.const 0) (i32.const 96)))
(func $evil:udp_socket (call $udp (i32.const 1) (i32.const 96)))
;; Refused, but for the network that it is asked of.
(func $evil:resolve_address_stream
  (call $resolve (call $network) (i32.const 256) (i32.const 9) (i32.const 96)))
