# Ruby's loops, each round of which sees that ^C was typed: mruby's own go on until their block calls a command.
module Shell
  def self.heed
    raise Interrupt, 'interrupted' if Native.interrupted?
  end
end

module Kernel
  def loop
    return to_enum(:loop) unless block_given?
    while true
      Shell.heed
      yield
    end
  rescue StopIteration => over
    over.result
  end
end

class Integer
  def times
    return to_enum(:times) unless block_given?
    number = 0
    while number < self
      Shell.heed
      yield number
      number += 1
    end
    self
  end

  def upto(last)
    return to_enum(:upto, last) unless block_given?
    number = self
    while number <= last
      Shell.heed
      yield number
      number += 1
    end
    self
  end

  def downto(last)
    return to_enum(:downto, last) unless block_given?
    number = self
    while number >= last
      Shell.heed
      yield number
      number -= 1
    end
    self
  end
end

class Range
  alias each_of_any each

  def each(&block)
    last = self.end
    return each_of_any(&block) unless block && self.begin.is_a?(Integer) && (last.nil? || last.is_a?(Numeric))
    number = self.begin
    until last && (exclude_end? ? number >= last : number > last)
      Shell.heed
      yield number
      number += 1
    end
    self
  end
end

class Array
  def each
    return to_enum(:each) unless block_given?
    index = 0
    while index < size
      Shell.heed
      yield self[index]
      index += 1
    end
    self
  end
end
