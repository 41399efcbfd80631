;; Looks for what a sandbox should not have, and takes more of what it has than anybody needs. Imports are of `wasi.wit`.
(import "wasi:cli/exit@0.2.0" "exit" (func $exit (param i32)))
(import "wasi:cli/environment@0.2.0" "get-environment" (func $environment (param i32)))
(import "wasi:cli/environment@0.2.0" "get-arguments" (func $arguments (param i32)))
(import "wasi:cli/environment@0.2.0" "initial-cwd" (func $cwd (param i32)))
(import "wasi:filesystem/preopens@0.2.0" "get-directories" (func $directories (param i32)))
(import "wasi:sockets/tcp-create-socket@0.2.0" "create-tcp-socket" (func $tcp (param i32 i32)))
(import "wasi:sockets/udp-create-socket@0.2.0" "create-udp-socket" (func $udp (param i32 i32)))
(import "wasi:sockets/instance-network@0.2.0" "instance-network" (func $network (result i32)))
(import "wasi:sockets/ip-name-lookup@0.2.0" "resolve-addresses" (func $resolve (param i32 i32 i32 i32)))
(import "wasi:random/random@0.2.0" "get-random-bytes" (func $random (param i64 i32)))
(import "wasi:clocks/monotonic-clock@0.2.0" "subscribe-duration" (func $sleep (param i64) (result i32)))
(import "wasi:io/poll@0.2.0" "poll" (func $poll (param i32 i32 i32)))
(import "wasi:io/poll@0.2.0" "[method]pollable.block" (func $block (param i32)))
(import "wasi:cli/stdout@0.2.0" "get-stdout" (func $stdout (result i32)))
(import "wasi:cli/stdin@0.2.0" "get-stdin" (func $stdin (result i32)))
(import "wasi:io/streams@0.2.0" "[method]output-stream.write" (func $write (param i32 i32 i32 i32)))
(import "wasi:io/streams@0.2.0" "[method]output-stream.write-zeroes" (func $zeroes (param i32 i64 i32)))
(import "wasi:io/streams@0.2.0" "[method]output-stream.subscribe" (func $subscribe (param i32) (result i32)))
(import "wasi:io/streams@0.2.0" "[resource-drop]output-stream" (func $close (param i32)))
(import "wasi:io/streams@0.2.0" "[method]input-stream.read" (func $read (param i32 i64 i32)))
(data (i32.const 256) "localhost")

(func $expect (param $is i32) (param $should_be i32)
  (if (i32.ne (local.get $is) (local.get $should_be)) (then unreachable)))
;; The list at 96 is empty.
(func $nothing_there (call $expect (i32.load (i32.const 100)) (i32.const 0)))
;; The result at 96 is the error `access-denied`.
(func $denied
  (call $expect (i32.load8_u (i32.const 96)) (i32.const 1))
  (call $expect (i32.load8_u (i32.const 100)) (i32.const 1)))

(func $evil:exit_well (call $exit (i32.const 0)))
(func $evil:exit_badly (call $exit (i32.const 1)))
(func $evil:exit_otherwise (call $exit (i32.const 2)))

(func $evil:environment (call $environment (i32.const 96)) (call $nothing_there))
(func $evil:arguments (call $arguments (i32.const 96)) (call $nothing_there))
(func $evil:directories (call $directories (i32.const 96)) (call $nothing_there))
(func $evil:cwd (call $cwd (i32.const 96)) (call $expect (i32.load8_u (i32.const 96)) (i32.const 0)))
(func $evil:tcp (call $tcp (i32.const 0) (i32.const 96)) (call $denied))
(func $evil:udp (call $udp (i32.const 1) (i32.const 96)) (call $denied))
(func $evil:name_lookup
  (call $resolve (call $network) (i32.const 256) (i32.const 9) (i32.const 96))
  (call $expect (i32.load8_u (i32.const 96)) (i32.const 1)))
(func $evil:stdin
  (call $read (call $stdin) (i64.const -1) (i32.const 96))
  (call $expect (i32.load8_u (i32.const 96)) (i32.const 1)))

(func $evil:random_4_gib (call $random (i64.const 0x100000000) (i32.const 96)))
(func $evil:random_at_its_limit (call $random (i64.const 0x100001) (i32.const 96)))

(func $evil:clocks_without_end (loop $more (drop (call $sleep (i64.const -1))) (br $more)))
(func $evil:streams_without_end (loop $more (drop (call $stdout)) (br $more)))
(func $evil:networks_without_end (loop $more (drop (call $network)) (br $more)))
(func $evil:sockets_without_end
  (local $left i32)
  (local.set $left (i32.const 20000))
  (loop $more
    (call $evil:tcp)
    (call $evil:udp)
    (br_if $more (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))
(func $evil:pollables_without_end
  (local $stdout i32)
  (local.set $stdout (call $stdout))
  (loop $more (drop (call $subscribe (local.get $stdout))) (br $more)))

(func $evil:sleep_for_ever (call $block (call $sleep (i64.const -1))))
(func $evil:poll_for_ever
  (i32.store (i32.const 8192) (call $sleep (i64.const 0x7fffffffffffffff)))
  (call $poll (i32.const 8192) (i32.const 1) (i32.const 96)))
(func $evil:poll_nothing (call $poll (i32.const 8192) (i32.const 0) (i32.const 96)))
(func $evil:poll_unknown
  (i32.store (i32.const 8192) (i32.const 12345))
  (call $poll (i32.const 8192) (i32.const 1) (i32.const 96)))
;; One pollable as often as there is room for it in the list.
(func $poll_one (param $times i32)
  (local $at i32) (local $pollable i32) (local $end i32)
  (local.set $pollable (call $sleep (i64.const 0)))
  (drop (memory.grow (i32.const 2000)))
  (local.set $at (i32.const 65536))
  (local.set $end (i32.add (local.get $at) (i32.mul (local.get $times) (i32.const 4))))
  (i32.store (i32.const 12) (local.get $end)) ;; the heap goes on behind it
  (loop $fill
    (i32.store (local.get $at) (local.get $pollable))
    (local.set $at (i32.add (local.get $at) (i32.const 4)))
    (br_if $fill (i32.lt_u (local.get $at) (local.get $end))))
  (call $poll (i32.const 65536) (local.get $times) (i32.const 96)))
(func $evil:poll_a_thousand (call $poll_one (i32.const 1000)))
(func $evil:poll_a_million (call $poll_one (i32.const 1000000)))
(func $evil:poll_all_there_is_room_for (call $poll_one (i32.const 32000000)))

(func $evil:much_output
  (local $stdout i32) (local $left i32)
  (local.set $stdout (call $stdout))
  (local.set $left (i32.const 1000))
  (loop $more
    (call $write (local.get $stdout) (i32.const 0) (i32.const 65536) (i32.const 96))
    (br_if $more (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))
(func $evil:zeroes_without_end (call $zeroes (call $stdout) (i64.const 0x10000000000) (i32.const 96)))
(func $evil:write_closed
  (local $stdout i32)
  (local.set $stdout (call $stdout))
  (call $close (local.get $stdout))
  (call $write (local.get $stdout) (i32.const 0) (i32.const 4) (i32.const 96)))
(func $evil:close_what_is_waited_for
  (local $stdout i32)
  (local.set $stdout (call $stdout))
  (drop (call $subscribe (local.get $stdout)))
  (call $close (local.get $stdout)))
