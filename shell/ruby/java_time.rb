# Of java.util, java.text and java.lang what timestamps are reckoned with.
module Shell
  # java.util.Date: milliseconds since 1970.
  class JavaDate
    include Comparable

    def initialize(ms = Native.wall_ms)
      @ms = Values.integer(ms, 'a date')
    end

    def getTime
      @ms
    end

    def time
      Time.at(@ms.div(1000), @ms % 1000 * 1000)
    end

    def before(other)
      @ms < other.getTime
    end

    def after(other)
      @ms > other.getTime
    end

    def <=>(other)
      @ms <=> other.getTime
    end

    def toString
      time.strftime('%a %b %d %H:%M:%S %Z %Y')
    end
    alias to_s toString
    alias inspect toString
  end

  class ParsePosition
    def initialize(index)
      @index = index
    end

    def getIndex
      @index
    end
  end

  # java.text.SimpleDateFormat, in strftime's words.
  class SimpleDateFormat
    WORDS = { 'y' => '%Y', 'M' => '%m', 'd' => '%d', 'H' => '%H', 'h' => '%I', 'm' => '%M', 's' => '%S', 'S' => '%L', 'a' => '%p',
              'Z' => '%z', 'X' => '%z', 'z' => '%Z', 'E' => '%a' }

    def initialize(pattern)
      @pattern = pattern.to_s
      @words = @pattern.gsub(/'([^']*)'|([A-Za-z])\2*|%/) do |part|
        next '%%' if part == '%'
        next $1.empty? ? "'" : $1 if part.start_with?("'")
        word(part)
      end
    end

    def word(letters)
      known = WORDS[letters[0]]
      raise ArgumentError, "Illegal pattern character '#{letters[0]}'" unless known
      return '%y' if letters == 'yy'
      return letters.size > 3 ? '%B' : '%b' if letters[0] == 'M' && letters.size > 2
      return '%A' if letters[0] == 'E' && letters.size > 3
      known
    end

    # From a position on: null when it is none, as in Java; without one that is an error.
    def parse(text, position = nil)
      time = Clock.parse(text.byteslice(position ? position.getIndex : 0, text.bytesize), @words)
      return JavaDate.new(time.to_i * 1000 + time.usec / 1000) if time
      raise ArgumentError, "Unparseable date: \"#{text}\"" unless position
    end

    def format(date)
      (date.is_a?(Integer) ? JavaDate.new(date) : date).time.strftime(@words)
    end

    def toPattern
      @pattern
    end
  end

  module JavaSystem
    def self.currentTimeMillis
      Native.wall_ms
    end

    def self.getenv(name)
      ENV[name]
    end
  end

  module JavaLong
    MAX_VALUE = 9_223_372_036_854_775_807
    MIN_VALUE = -9_223_372_036_854_775_807 - 1

    def self.parseLong(text)
      Integer(text, 10)
    end
  end

  module JavaInteger
    MAX_VALUE = 2_147_483_647
    MIN_VALUE = -2_147_483_648

    def self.parseInt(text)
      Integer(text, 10)
    end
  end

  { 'Date' => JavaDate, 'SimpleDateFormat' => SimpleDateFormat, 'ParsePosition' => ParsePosition, 'System' => JavaSystem, 'Long' => JavaLong,
    'Integer' => JavaInteger }.each { |name, made| JavaPackage::KNOWN[name] = made }
end

module Java
  def self.java
    Shell::JavaPackage.new('java')
  end

  def self.org
    Shell::JavaPackage.new('org')
  end
end
