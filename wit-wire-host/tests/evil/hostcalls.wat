;; Asks the host for what it does not have, in ways that it does not expect. What it answers the guest gives back as its own.
(data (i32.const 256) "no such")
(data (i32.const 272) "a\00b\nc\1b[2J\"")
(data (i32.const 288) "\ff\ff\ff\ff")
(data (i32.const 304) "wit-wire:nothing")
(data (i32.const 320) "wit-wire:file")
(data (i32.const 336) "echo")
(data (i32.const 344) "panics")
(data (i32.const 352) "never")
(data (i32.const 360) "wit-wire:panic")
(data (i32.const 376) "wit-wire:batch")
(data (i32.const 400) "{\"calls\":[{\"id\":1,\"op\":\"never\",\"payload\":0}],\"wait\":0}")

(func $ask (param $op i32) (param $op_len i32) (param $json i32) (param $json_len i32)
  (i32.store (i32.const 12) (i32.const 4096))
  (call $hostcall (local.get $op) (local.get $op_len) (local.get $json) (local.get $json_len) (i32.const 96))
  (i32.store (i32.const 64) (i32.const 0))
  (i64.store (i32.const 68) (i64.load (i32.const 100))))
(func $null (param $op i32) (param $op_len i32)
  (call $ask (local.get $op) (local.get $op_len) (i32.const 0) (i32.const 4)))

(func $evil:unknown (call $null (i32.const 256) (i32.const 7)))
(func $evil:no_name (call $null (i32.const 256) (i32.const 0)))
(func $evil:control_characters (call $null (i32.const 272) (i32.const 10)))
(func $evil:name_not_utf8 (call $null (i32.const 288) (i32.const 4)))
(func $evil:name_beyond (call $null (i32.const -4) (i32.const 8)))
(func $evil:reserved (call $null (i32.const 304) (i32.const 16)))
(func $evil:file_where_there_are_none (call $null (i32.const 320) (i32.const 13)))

(func $evil:no_json (call $ask (i32.const 336) (i32.const 4) (i32.const 336) (i32.const 4)))
(func $evil:empty_json (call $ask (i32.const 336) (i32.const 4) (i32.const 0) (i32.const 0)))
(func $evil:json_not_utf8 (call $ask (i32.const 336) (i32.const 4) (i32.const 288) (i32.const 4)))
(func $evil:json_of_length_2_32 (call $ask (i32.const 336) (i32.const 4) (i32.const 0) (i32.const -1)))
(func $evil:deep_json
  (memory.fill (i32.const 8192) (i32.const 91) (i32.const 8000)) ;; [
  (call $ask (i32.const 336) (i32.const 4) (i32.const 8192) (i32.const 8000)))
(func $evil:large_json
  (memory.fill (i32.const 8192) (i32.const 49) (i32.const 16384)) ;; 1
  (call $ask (i32.const 336) (i32.const 4) (i32.const 8192) (i32.const 16384)))
(func $evil:large_name (call $null (i32.const 8192) (i32.const 16384)))

(func $evil:panicking (call $null (i32.const 344) (i32.const 6)))
(func $evil:never_answered (call $null (i32.const 352) (i32.const 5)))
(func $evil:left_behind (call $ask (i32.const 376) (i32.const 14) (i32.const 400) (i32.const 54)))

(func $evil:flood (loop $more (call $evil:unknown) (br $more)))
(func $evil:flood_of_panics (loop $more (call $ask (i32.const 360) (i32.const 14) (i32.const 272) (i32.const 0)) (br $more)))
(func $evil:flood_of_batches
  (loop $more (call $ask (i32.const 376) (i32.const 14) (i32.const 336) (i32.const 0)) (br $more)))
;; Leaves nine calls behind, and then for ever the same nine again.
(func $evil:flood_of_the_same
  (local $id i32)
  (loop $more
    (call $evil:left_behind)
    (local.set $id (i32.add (local.get $id) (i32.const 1)))
    (i32.store8 (i32.const 416) (i32.add (i32.const 49) (i32.rem_u (local.get $id) (i32.const 9))))
    (br $more)))

;; Where the answer of the hostcall should go.
(func $evil:answer_beyond
  (call $hostcall (i32.const 256) (i32.const 7) (i32.const 0) (i32.const 4) (i32.const -16)))
(func $evil:answer_unaligned
  (call $hostcall (i32.const 256) (i32.const 7) (i32.const 0) (i32.const 4) (i32.const 97)))
;; Tells of a panic, then traps in another way.
(func $evil:panic_that_was_none
  (call $ask (i32.const 360) (i32.const 14) (i32.const 0) (i32.const 4))
  (drop (i32.load (i32.const -1))))
