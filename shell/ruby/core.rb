# What scripts for HBase's shell use of Ruby's core and this mruby lacks.
class Integer
  def odd?
    self & 1 == 1
  end

  def even?
    self & 1 == 0
  end

  def integer?
    true
  end

  def pred
    self - 1
  end

  def ord
    self
  end

  def fdiv(other)
    to_f / other
  end

  def gcd(other)
    other == 0 ? abs : other.gcd(self % other)
  end

  def lcm(other)
    self == 0 || other == 0 ? 0 : (self / gcd(other) * other).abs
  end

  def bit_length
    (self < 0 ? ~self : self).to_s(2).size - (self == 0 || self == -1 ? 1 : 0)
  end

  # From the last on.
  def digits(base = 10)
    raise ArgumentError, "invalid radix #{base}" if base < 2
    raise ArgumentError, 'out of domain' if self < 0
    left = self
    made = []
    loop do
      made << left % base
      left /= base
      break if left == 0
    end
    made
  end
end

class Float
  def integer?
    false
  end
end

module Enumerable
  def sum(total = 0)
    each { |*one| total += block_given? ? yield(*one) : one[0] }
    total
  end

  def each_entry(&block)
    return to_a.each unless block
    to_a.each(&block)
    self
  end
end

class Array
  def sum(total = 0)
    each { |one| total += block_given? ? yield(one) : one }
    total
  end

  def sort_by!(&block)
    replace(sort_by(&block))
  end
end

class Range
  # Each of so many: of numbers, and of text.
  def step(size = 1, &block)
    raise ArgumentError, "step can't be #{size < 0 ? 'negative' : '0'}" unless size > 0
    return step_values(size).each unless block
    step_values(size).each(&block)
    self
  end

  def %(size)
    step(size)
  end

  def step_values(size)
    return each_slice(size).map(&:first) unless first.is_a?(Numeric)
    start = size.is_a?(Float) ? first.to_f : first
    made = []
    at = start
    while exclude_end? ? at < last : at <= last
      made << at
      at = start + made.size * size
    end
    made
  end
end

class Object
  def public_send(name, *args, &block)
    __send__(name, *args, &block)
  end
end

# Text is bytes here, of whatever encoding.
class String
  def force_encoding(_encoding)
    self
  end

  def encode(*)
    dup
  end

  def b
    dup
  end

  def +@
    dup
  end

  def -@
    self
  end
end

class LoadError < ScriptError; end
class UncaughtThrowError < ArgumentError; end

module Kernel
  # An exception that only the catch of its tag takes.
  class Thrown < Exception
    attr_reader :tag, :value

    def initialize(tag, value)
      super("uncaught throw #{tag.inspect}")
      @tag = tag
      @value = value
    end
  end

  CAUGHT = [] # tags of the catches that run

  def catch(tag = Object.new)
    CAUGHT << tag
    yield tag
  rescue Thrown => thrown
    raise thrown unless thrown.tag == tag
    thrown.value
  ensure
    CAUGHT.pop
  end

  def throw(tag, value = nil)
    raise UncaughtThrowError, "uncaught throw #{tag.inspect}" unless CAUGHT.include?(tag)
    raise Thrown.new(tag, value)
  end

  def sleep(seconds)
    raise TypeError, "can't convert #{seconds.class} into time interval" unless seconds.is_a?(Numeric)
    raise ArgumentError, 'time interval must not be negative' if seconds.negative?
    Shell::Native.pause_ms((seconds * 1000).to_i)
    seconds.round
  end

  alias rand_below rand

  # Of a range too.
  def rand(most = nil)
    return most ? rand_below(most) : rand_below unless most.is_a?(Range)
    return most.first + rand_below * (most.last - most.first) if most.first.is_a?(Float)
    size = most.last - most.first + (most.exclude_end? ? 0 : 1)
    size > 0 ? most.first + rand_below(size) : nil
  end

  def pp(*values)
    p(*values)
  end
end
