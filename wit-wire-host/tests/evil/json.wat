;; Hands over JSON that becomes many times its size when it is parsed.
(data (i32.const 256) "[[0],")
(data (i32.const 264) "[0,")
(data (i32.const 272) "[{\"\":0},")
(data (i32.const 288) "echo")
(data (i32.const 296) "wit-wire:batch")
(data (i32.const 320) "{\"calls\":[{\"id\":1,\"op\":\"echo\",\"payload\":")

;; $size bytes at 65536: a bracket, and the $unit bytes that follow it at $from again and again.
(func $fill (param $from i32) (param $unit i32) (param $size i32)
  (local $at i32)
  (if (i32.lt_u (memory.size) (i32.const 600)) (then (drop (memory.grow (i32.const 600)))))
  (i32.store8 (i32.const 65536) (i32.const 91))
  (local.set $at (i32.const 1))
  (memory.copy (i32.const 65537) (i32.add (local.get $from) (i32.const 1)) (local.get $unit))
  (local.set $at (local.get $unit))
  (loop $double
    (memory.copy (i32.add (i32.const 65537) (local.get $at)) (i32.const 65537) (local.get $at))
    (local.set $at (i32.shl (local.get $at) (i32.const 1)))
    (br_if $double (i32.lt_u (i32.shl (local.get $at) (i32.const 1)) (local.get $size)))))
(func $echo (param $size i32)
  (call $hostcall (i32.const 288) (i32.const 4) (i32.const 65536) (local.get $size) (i32.const 96)))
(func $evil:lists (call $fill (i32.const 256) (i32.const 4) (i32.const 0x1000000)) (call $echo (i32.const 0x800000)))
(func $evil:numbers (call $fill (i32.const 264) (i32.const 2) (i32.const 0x1000000)) (call $echo (i32.const 0x800000)))
(func $evil:objects (call $fill (i32.const 272) (i32.const 7) (i32.const 0x1000000)) (call $echo (i32.const 0x800000)))

;; The same as the payload of a batch, whose text begins 44 bytes before.
(func $batch (param $size i32)
  (memory.copy (i32.const 65492) (i32.const 320) (i32.const 44))
  (call $hostcall (i32.const 296) (i32.const 14) (i32.const 65492) (i32.add (local.get $size) (i32.const 44)) (i32.const 96)))
(func $evil:batch_of_lists (call $fill (i32.const 256) (i32.const 4) (i32.const 0x1000000)) (call $batch (i32.const 0x800000)))
(func $evil:batch_of_numbers (call $fill (i32.const 264) (i32.const 2) (i32.const 0x1000000)) (call $batch (i32.const 0x800000)))
(func $evil:batch_of_objects (call $fill (i32.const 272) (i32.const 7) (i32.const 0x1000000)) (call $batch (i32.const 0x800000)))

(func $evil:large (call $fill (i32.const 264) (i32.const 2) (i32.const 0x1000000)) (call $echo (i32.const 0x1000000)))
(func $evil:large_name
  (call $fill (i32.const 264) (i32.const 2) (i32.const 0x1000000))
  (call $hostcall (i32.const 65536) (i32.const 0x1000000) (i32.const 0) (i32.const 4) (i32.const 96)))
(func $evil:large_answer
  (call $fill (i32.const 264) (i32.const 2) (i32.const 0x1000000))
  (i32.store (i32.const 68) (i32.const 65536))
  (i32.store (i32.const 72) (i32.const 0x1000000)))
